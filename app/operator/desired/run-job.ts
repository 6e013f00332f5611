import { createHash } from "node:crypto";
import type { CronJob, Job } from "../kubernetes/objects.js";

/**
 * The Job of a run on request, as `kubectl create job --from=cronjob/…` would make it. Its name is made of the request,
 * so that the same request never makes two Jobs.
 * @param request such as the value of the Feed's annotation.
 */
export function runJob({ metadata, spec }: CronJob, request: string): Job {
  const hash = createHash("sha256").update(request).digest("hex").slice(0, 8);
  return {
    metadata: {
      name: `${metadata.name}-${hash}`,
      labels: { ...spec.jobTemplate.metadata?.labels },
      annotations: { "cronjob.kubernetes.io/instantiate": "manual" },
      ownerReferences: [
        {
          apiVersion: "batch/v1",
          kind: "CronJob",
          name: metadata.name,
          uid: metadata.uid ?? "",
          controller: true,
          // The CronJob is deleted only after this Job, so that no run publishes after the CronJob has gone.
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: spec.jobTemplate.spec as NonNullable<Job["spec"]>,
  };
}
