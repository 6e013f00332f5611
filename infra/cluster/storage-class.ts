import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

interface StorageClassArgs {
  /** True to keep a disk when its claim is deleted by mistake, as in production. */
  readonly protect: boolean;
}

/** The default storage class: encrypted gp3 disks that can grow. @returns its name. */
export function storageClass(
  { protect }: StorageClassArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  return new kubernetes.storage.v1.StorageClass(
    "gp3",
    {
      metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "ebs.csi.eks.amazonaws.com",
      // Twice the throughput that comes without a price. A batch, a base backup and the checkpoint of a shutdown
      // (infra/database/shutdown.ts) are each as fast as the disk.
      parameters: { type: "gp3", encrypted: "true", throughput: "250" },
      // The disk is made in the zone where its pod will run, because a disk exists in one zone only.
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
      reclaimPolicy: protect ? "Retain" : "Delete",
    },
    options,
  ).metadata.name;
}
