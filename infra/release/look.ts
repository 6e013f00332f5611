import { type KubernetesApi, resources } from "../../app/operator/kubernetes/kubernetes-api.js";
import type { AnalysisRun, Deployment, Job, Pod, ReplicaSet, Rollout } from "./objects.js";
import { HASH, kinds } from "./objects.js";

/** The pods of one version. */
export interface Version {
  readonly hash: string;
  readonly image: string;
  readonly ready: number;
  /** Pods that there are to be. */
  readonly total: number;
}

/** The newest value of a check. */
export interface Check {
  readonly name: string;
  /** As it was measured; undefined before the first measurement. */
  readonly value: string | undefined;
  readonly phase: string;
}

/** How far a release is, as the cluster tells it at one moment. */
export interface Look {
  /** Of the Deployment: what is to run. */
  readonly wanted: string;
  /** False until Argo Rollouts has seen the newest template. */
  readonly seen: boolean;
  readonly phase: string;
  readonly message: string;
  readonly aborted: boolean;
  readonly strategy: "canary" | "blueGreen";
  readonly step: number;
  readonly steps: number;
  /** Share of the pods that the current step gives to the new version, in percent; with blueGreen of the requests. */
  readonly weight: number;
  /** The version that all requests went to before, or go to now. */
  readonly stable: Version | undefined;
  /** The version on its way; undefined if it is the stable one. */
  readonly next: Version | undefined;
  readonly checks: readonly Check[];
  /** State of the migration of the image that is wanted. */
  readonly migration: "running" | "done" | "failed" | undefined;
  /** Why a pod of the new version cannot start. */
  readonly trouble: string | undefined;
}

const COMPONENT = "app.kubernetes.io/component";

/** Asks the cluster how far a release is. @param release name of the Helm release. */
export async function look(api: KubernetesApi, release: string): Promise<Look> {
  const name = `${release}-api`;
  const [deployment, rollout, replicaSets, pods, runs, jobs] = await Promise.all([
    api.get<Deployment>(kinds.deployments, name),
    api.get<Rollout>(kinds.rollouts, name),
    api.list<ReplicaSet>(kinds.replicaSets, `${COMPONENT}=api,${HASH}`),
    api.list<Pod>(resources.pods, `${COMPONENT}=api,${HASH}`),
    api.list<AnalysisRun>(kinds.analysisRuns),
    api.list<Job>(resources.jobs, `${COMPONENT}=migration`),
  ]);
  const { status = {}, spec } = rollout;
  const wanted = deployment.spec.template.spec?.containers[0]?.image ?? "";
  const version = (hash: string | undefined): Version | undefined => {
    const set = replicaSets.items.find(({ metadata }) => metadata.labels?.[HASH] === hash);
    if (!set || hash === undefined) return undefined;
    const image = set.spec.template.spec?.containers[0]?.image ?? "";
    return { hash, image, ready: set.status?.availableReplicas ?? 0, total: set.spec.replicas ?? 0 };
  };
  const { currentPodHash, stableRS } = status;
  const next = currentPodHash === stableRS ? undefined : version(currentPodHash);
  const steps = spec.strategy.canary?.steps ?? [];
  const step = status.currentStepIndex ?? 0;
  return {
    wanted,
    seen:
      Number(status.observedGeneration ?? 0) >= (rollout.metadata.generation ?? 0) &&
      Number(status.workloadObservedGeneration ?? 0) >= (deployment.metadata.generation ?? 0),
    phase: status.phase ?? "Progressing",
    message: status.message ?? "",
    aborted: status.abort === true,
    strategy: spec.strategy.canary ? "canary" : "blueGreen",
    step,
    steps: steps.length,
    weight: spec.strategy.canary
      ? canaryWeight(steps, step)
      : status.blueGreen?.activeSelector === next?.hash
        ? 100
        : 0,
    stable: version(stableRS),
    next,
    checks: checksOf(runs.items, next?.hash),
    migration: migrationOf(jobs.items, wanted),
    trouble: next && troubleOf(pods.items.filter(({ metadata }) => metadata.labels?.[HASH] === next.hash)),
  };
}

function canaryWeight(steps: readonly { readonly setWeight?: number }[], step: number): number {
  if (step >= steps.length) return 100;
  return steps.slice(0, step + 1).findLast(({ setWeight }) => setWeight !== undefined)?.setWeight ?? 0;
}

function checksOf(runs: readonly AnalysisRun[], hash: string | undefined): Check[] {
  const [newest] = runs
    .filter(({ metadata }) => hash !== undefined && metadata.labels?.[HASH] === hash)
    .sort((a, b) => (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? ""));
  return (newest?.spec.metrics ?? []).map(({ name }) => {
    const result = newest?.status?.metricResults?.find((one) => one.name === name);
    const last = result?.measurements?.at(-1);
    const value = last?.phase === "Error" ? (last.message ?? "error") : last?.value;
    return { name, value, phase: last?.phase ?? result?.phase ?? "Pending" };
  });
}

function migrationOf(jobs: readonly Job[], image: string): Look["migration"] {
  const job = jobs.find(({ spec }) => spec?.template.spec?.containers[0]?.image === image);
  if (!job) return undefined;
  const has = (type: string) =>
    job.status?.conditions?.some((condition) => condition.type === type && condition.status === "True");
  if (has("Complete")) return "done";
  return has("Failed") ? "failed" : "running";
}

/** A container that was started again so often has a fault of its own: servers do not end because of the database. */
const RESTARTS = 2;

function troubleOf(pods: readonly Pod[]): string | undefined {
  for (const { metadata, status } of pods) {
    for (const { name, restartCount, state } of [
      ...(status?.initContainerStatuses ?? []),
      ...(status?.containerStatuses ?? []),
    ]) {
      const { message, reason = "" } = state?.waiting ?? {};
      const where = `pod ${metadata.name}, container ${name}`;
      if (/^(ImagePullBackOff|InvalidImageName|CreateContainerConfigError)$/.test(reason))
        return `${where}: ${reason}${message ? `: ${message}` : ""}`;
      if (name === "api" && restartCount >= RESTARTS) return `${where} ended ${restartCount} times`;
    }
  }
  return undefined;
}
