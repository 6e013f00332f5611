import { z } from "zod";
import { whole } from "./whole.js";

const number = (least: number, most: number) => {
  const range = `must be a number from ${least} to ${most}`;
  return z.number(range).min(least, range).max(most, range);
};

/** How a new version of the API takes over (docs/operations/releases.md). */
export const delivery = z.strictObject({
  /** `rolling` is a plain Deployment. The others are Rollouts, which take a bad version back by themselves. */
  strategy: z.enum(["rolling", "blueGreen", "canary"], "must be rolling, blueGreen or canary"),
  /** Of canary: a share of the pods in percent, and how long it stays. After the last one, all pods are replaced. */
  steps: z
    .array(z.strictObject({ weight: whole(1, 99), seconds: whole(1, 86_400) }))
    .min(1)
    .default([
      { weight: 10, seconds: 60 },
      { weight: 25, seconds: 60 },
      { weight: 40, seconds: 60 },
    ]),
  /** Of blueGreen: the pods of the version before stay for this long, so that a rollback starts none. */
  keepSeconds: whole(30, 86_400).default(1800),
  /** A version whose pods are not ready after this time is taken back. The time of a migration counts. */
  deadlineSeconds: whole(10, 86_400).default(1200),
  /** What Prometheus measures on pods of the new version. One that fails twice takes the version back. */
  checks: z
    .strictObject({
      intervalSeconds: whole(1, 600).default(10),
      /** Answers with a status of 5xx. */
      errorPercent: number(0, 100).default(1),
      p99Seconds: number(0.001, 60).default(1),
      /** Questions that wait for a connection to the database, in one pod. */
      waitingQueries: number(0, 1000).default(10),
    })
    .prefault({}),
  /** Who may release, as the subjects of a RoleBinding. */
  releasers: z
    .array(
      z.strictObject({
        kind: z.enum(["User", "Group", "ServiceAccount"], "must be User, Group or ServiceAccount"),
        name: z.string().min(1),
        namespace: z.string().min(1).optional(),
      }),
    )
    .default([]),
});
