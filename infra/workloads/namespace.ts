import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** The namespace of the workloads. It is made before them, because it must hold the Secrets that they need to start. */
export function workloadsNamespace(name: string, options: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const labels = { "app.kubernetes.io/part-of": "ratesapp", "pod-security.kubernetes.io/enforce": "restricted" };
  return new kubernetes.core.v1.Namespace("workloads", { metadata: { name, labels } }, options).metadata.name;
}
