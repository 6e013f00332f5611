import type { V1Container, V1EnvVar, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import type { Feed } from "../feed/feed.js";
import type { FeedSpec } from "../feed/feed-spec.js";
import type { CronJob } from "../kubernetes/objects.js";
import { feedSelectorOf, type IngestDefaults } from "./ingest-defaults.js";
import { ownedMetadata } from "./owned-metadata.js";

/** Kubernetes gives up a run that could not begin for this long. */
export const STARTING_DEADLINE_SECONDS = 3600;
const REJECTS = "/rejects";
/** Group of the image's user, so that it may write to a claim that belongs to root. */
const IMAGE_GROUP = 1000;

/** The CronJob that runs a feed. It depends on Feed and defaults alone, so that applying it again changes nothing. */
export function desiredCronJob(feed: Feed, defaults: IngestDefaults): CronJob {
  const { spec } = feed;
  const name = feed.metadata.name;
  return {
    metadata: ownedMetadata(feed, defaults),
    spec: {
      schedule: spec.schedule,
      timeZone: spec.timeZone,
      suspend: spec.suspend,
      // A run loads every delivery that is not known yet. So one at a time is enough, and a late run also loads what
      // missed runs would have loaded.
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: STARTING_DEADLINE_SECONDS,
      successfulJobsHistoryLimit: spec.successfulJobsHistoryLimit,
      failedJobsHistoryLimit: spec.failedJobsHistoryLimit,
      jobTemplate: { metadata: { labels: feedSelectorOf(name, defaults) }, spec: jobSpec(name, spec, defaults) },
    },
  };
}

function jobSpec(
  name: string,
  spec: FeedSpec,
  defaults: IngestDefaults,
): CronJob["spec"]["jobTemplate"]["spec"] & object {
  return {
    // Kubernetes replaces a lost pod, because every pod must succeed. The new one ends at once if no work is left.
    parallelism: spec.parallelism,
    completions: spec.parallelism,
    activeDeadlineSeconds: spec.deadlineSeconds,
    backoffLimit: spec.backoffLimit,
    podFailurePolicy: {
      rules: [
        // A drained or preempted pod does not count as failed, because the delivery was not at fault.
        { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
        // 2: wrong usage or configuration. 3: the delivery itself is bad. Another try would fail in the same way.
        { action: "FailJob", onExitCodes: { operator: "In", values: [2, 3] } },
      ],
    },
    template: podTemplate(name, spec, defaults),
  };
}

function podTemplate(name: string, spec: FeedSpec, defaults: IngestDefaults) {
  const { metadata, spec: pod } = defaults.pod;
  const labels = feedSelectorOf(name, defaults);
  const { volumes, mounts } = volumesOf(spec);
  return {
    metadata: { ...metadata, labels: { ...metadata?.labels, ...labels } },
    spec: {
      ...pod,
      ...(spec.rejectsClaimName && {
        securityContext: { ...pod?.securityContext, fsGroup: IMAGE_GROUP, fsGroupChangePolicy: "OnRootMismatch" },
      }),
      restartPolicy: "Never",
      // One lost host should not take all workers of a delivery.
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "kubernetes.io/hostname",
          whenUnsatisfiable: "ScheduleAnyway",
          nodeTaintsPolicy: "Honor",
          labelSelector: { matchLabels: labels },
        },
      ],
      containers: (pod?.containers ?? []).map((container) => ({
        ...container,
        args: argumentsOf(name, spec),
        env: environmentOf(container, spec),
        ...(spec.credentialsSecretName && { envFrom: [{ secretRef: { name: spec.credentialsSecretName } }] }),
        ...(spec.resources && { resources: textsOf(spec.resources) }),
        // Copies the last lines of a container that fails into its pod's status, and the operator into the Feed's.
        terminationMessagePolicy: "FallbackToLogsOnError",
        ...(mounts.length > 0 && { volumeMounts: [...(container.volumeMounts ?? []), ...mounts] }),
      })),
      ...(volumes.length > 0 && { volumes: [...(pod?.volumes ?? []), ...volumes] }),
    },
  };
}

function argumentsOf(
  name: string,
  { source, mode, maxBadRows, deadlineSeconds, rejectsClaimName }: FeedSpec,
): string[] {
  return [
    ...["ingest", "run", "--feed", name, "--source", source, "--mode", mode, "--max-bad-rows", String(maxBadRows)],
    // With this the command can warn before Kubernetes stops the Job.
    ...["--deadline", String(deadlineSeconds)],
    ...(rejectsClaimName ? ["--rejects", REJECTS] : []),
  ];
}

/** A feed's own variables have priority over those of all feeds. */
function environmentOf({ env = [] }: V1Container, { environment = {} }: FeedSpec): V1EnvVar[] {
  const own = Object.entries(environment).map(([name, value]) => ({ name, value }));
  return [...env.filter(({ name }) => !(name in environment)), ...own];
}

function volumesOf({ volume, rejectsClaimName }: FeedSpec): { volumes: V1Volume[]; mounts: V1VolumeMount[] } {
  const volumes: V1Volume[] = [];
  const mounts: V1VolumeMount[] = [];
  if (volume) {
    volumes.push({ name: "source", persistentVolumeClaim: { claimName: volume.claimName, readOnly: true } });
    mounts.push({ name: "source", mountPath: volume.mountPath, readOnly: true });
  }
  if (rejectsClaimName) {
    volumes.push({ name: "rejects", persistentVolumeClaim: { claimName: rejectsClaimName } });
    mounts.push({ name: "rejects", mountPath: REJECTS });
  }
  return { volumes, mounts };
}

/** A Feed may have numbers as quantities. The API server stores them as texts in a pod, so texts are applied. */
function textsOf(resources: NonNullable<FeedSpec["resources"]>): NonNullable<V1Container["resources"]> {
  const texts = (quantities: object) =>
    Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, String(quantity)]));
  return Object.fromEntries(Object.entries(resources).map(([kind, quantities]) => [kind, texts(quantities ?? {})]));
}
