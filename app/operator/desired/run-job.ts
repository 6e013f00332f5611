import { createHash } from "node:crypto";
import type { CronJob, Job } from "../kubernetes/objects.js";

/**
 * The Job of a run on request, as `kubectl create job --from=cronjob/…` would make it. Its name comes of the request,
 * so that a request that is seen twice makes one Job.
 * @param request what the annotation of the Feed says.
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
          // The CronJob is gone only when this is, so that no run of it publishes afterwards.
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: spec.jobTemplate.spec as NonNullable<Job["spec"]>,
  };
}
