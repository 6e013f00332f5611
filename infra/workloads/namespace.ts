import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** The workloads' namespace; made apart from them, as the Secrets they start with are in it before they are. */
export function workloadsNamespace(name: string, options: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const labels = { "app.kubernetes.io/part-of": "ratesapp", "pod-security.kubernetes.io/enforce": "restricted" };
  return new kubernetes.core.v1.Namespace("workloads", { metadata: { name, labels } }, options).metadata.name;
}
