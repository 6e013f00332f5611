import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

interface StorageClassArgs {
  /** In production a disk outlives the mistake of deleting its claim. */
  readonly protect: boolean;
}

/** The class of all claims that name none: encrypted gp3 disks, which may grow. @returns its name. */
export function storageClass(
  { protect }: StorageClassArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  return new kubernetes.storage.v1.StorageClass(
    "gp3",
    {
      metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "ebs.csi.eks.amazonaws.com",
      parameters: { type: "gp3", encrypted: "true" },
      // Where its pod will run: a disk lives in one zone.
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
      reclaimPolicy: protect ? "Retain" : "Delete",
    },
    options,
  ).metadata.name;
}
