import type { Job, KubernetesObject, Pod } from "../kubernetes/objects.js";

const LONGEST_MESSAGE = 1_000;
/** The message of a Job whose delivery was at fault, not its run. The batch says more. */
const BAD_DELIVERY = /exit code 3\b/;
/** Reasons for which a container waits until something is changed. */
const CANNOT_START = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "InvalidImageName",
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "RunContainerError",
]);

/** What the Jobs and pods of a feed say of its runs. */
export interface Runs {
  /** Jobs that are under way, newest first. */
  readonly active: readonly Job[];
  readonly newest: Job | undefined;
  /** When a run ended last. */
  readonly lastEnd: Date | undefined;
  /** Pods that the newest run under way has lost; undefined if none, or if the run was given up. */
  readonly lost: { readonly pods: number; readonly lastWords: string | undefined } | undefined;
  /** Why pods of a run under way do not start. */
  readonly cannotStart: string | undefined;
  /** Why the newest finished run failed, if it did and no delivery was at fault. */
  readonly failure: string | undefined;
  /** What the newest finished run said of a delivery at fault. */
  readonly badDelivery: string | undefined;
}

/** @param jobs of one feed. @param pods of one feed. */
export function readRuns(jobs: readonly Job[], pods: readonly Pod[]): Runs {
  const newestFirst = [...jobs].sort(byAge);
  const active = newestFirst.filter((job) => ended(job) === undefined);
  const finished = newestFirst.find((job) => ended(job) !== undefined);
  const activeNames = new Set(active.map(({ metadata }) => metadata.name));
  return {
    failure: undefined,
    badDelivery: undefined,
    active,
    newest: newestFirst[0],
    lost: active[0] && lostPods(active[0], pods),
    lastEnd: latest(jobs.map((job) => ended(job)?.lastTransitionTime)),
    cannotStart: pods
      .filter((pod) => activeNames.has(jobOf(pod)))
      .map(whyWaiting)
      .find((why) => why !== undefined),
    ...(finished && whyFailed(finished, pods)),
  };
}

/** Newest first. */
const byAge = (a: KubernetesObject, b: KubernetesObject): number =>
  (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? "");
const latest = (instants: readonly (string | undefined)[]): Date | undefined => {
  const last = instants
    .flatMap((instant) => instant ?? [])
    .sort()
    .at(-1);
  return last === undefined ? undefined : new Date(last);
};
const jobOf = ({ metadata }: Pod): string => metadata.labels?.["batch.kubernetes.io/job-name"] ?? "";

const ended = ({ status }: Job) =>
  status?.conditions?.find(({ type, status: holds }) => (type === "Complete" || type === "Failed") && holds === "True");

function whyWaiting({ metadata, status }: Pod): string | undefined {
  for (const { state } of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const { reason = "", message = "" } = state?.waiting ?? {};
    if (CANNOT_START.has(reason)) return `pod ${metadata.name}: ${reason}: ${message}`.slice(0, LONGEST_MESSAGE);
  }
  const unscheduled = status?.conditions?.find(
    ({ type, reason }) => type === "PodScheduled" && reason === "Unschedulable",
  );
  return unscheduled && `pod ${metadata.name}: Unschedulable: ${unscheduled.message ?? ""}`.slice(0, LONGEST_MESSAGE);
}

function lostPods(job: Job, pods: readonly Pod[]): Runs["lost"] {
  const { conditions = [], failed = 0 } = job.status ?? {};
  // Kubernetes starts no more pods of a Job with this condition.
  if (failed === 0 || conditions.some(({ type }) => type === "FailureTarget")) return undefined;
  return { pods: failed, lastWords: wordsOf(job, pods) };
}

/** The last words of the newest pod of a job that failed with any. */
const wordsOf = (job: Job, pods: readonly Pod[]): string | undefined =>
  pods
    .filter((pod) => jobOf(pod) === job.metadata.name)
    .sort(byAge)
    .map(lastWords)
    .find((text) => text !== undefined)
    ?.slice(0, LONGEST_MESSAGE);

function whyFailed(job: Job, pods: readonly Pod[]): Partial<Pick<Runs, "failure" | "badDelivery">> {
  const end = ended(job);
  const message = end?.message ?? "";
  if (end?.type !== "Failed") return {};
  const words = wordsOf(job, pods);
  const ending = `${job.metadata.name}: ${end.reason}: ${message}`;
  // The pod's own words come first, because a column of `kubectl get` shows only the beginning.
  const why = words ? `${words} (${ending})` : ending;
  return { [BAD_DELIVERY.test(message) ? "badDelivery" : "failure"]: why.slice(0, LONGEST_MESSAGE) };
}

const STACK_FRAME = /^\s+at /;

/** The last lines that a failed container wrote for people: neither its log, which is JSON, nor frames of a stack. */
function lastWords({ status }: Pod): string | undefined {
  for (const { state } of status?.containerStatuses ?? []) {
    const { exitCode = 0, message = "" } = state?.terminated ?? {};
    const lines = message
      .split("\n")
      .filter((line) => line.trim() !== "" && !line.startsWith("{") && !STACK_FRAME.test(line));
    if (exitCode !== 0 && lines.length > 0) return lines.slice(-3).join(" ");
  }
  return undefined;
}
