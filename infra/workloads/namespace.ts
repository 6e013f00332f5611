import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { RESTRICTED } from "../network/pod-security.js";

/** The namespace of the workloads. It is made before them, because it must hold the Secrets that they need to start. */
export function workloadsNamespace(
  name: string,
  clusterLabels: Readonly<Record<string, string>>,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const labels = {
    ...clusterLabels,
    "app.kubernetes.io/part-of": "ratesapp",
    ...RESTRICTED,
  };
  return new kubernetes.core.v1.Namespace("workloads", { metadata: { name, labels } }, options).metadata.name;
}
