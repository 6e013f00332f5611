import { FEED_LABEL } from "./desired/ingest-defaults.js";
import { type Feed, RUN_AT } from "./feed/feed.js";
import type { Job, KnownCronJob, KubernetesObject, Metadata, Pod } from "./kubernetes/objects.js";

// What is kept in memory of each watched object: what the reconciler reads and no more.

const JOB_LABEL = "batch.kubernetes.io/job-name";
/** Labels that say of which feed and release an object is. */
const LABELS = [FEED_LABEL, "app.kubernetes.io/instance", JOB_LABEL];

const only = (given: Readonly<Record<string, string>> = {}, names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));

function metadataOf({ metadata }: KubernetesObject): Metadata {
  const { name, namespace, uid, resourceVersion, generation, labels, ownerReferences } = metadata;
  const { creationTimestamp, deletionTimestamp } = metadata;
  return {
    name,
    labels: only(labels, LABELS),
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(generation !== undefined && { generation }),
    ...(ownerReferences && { ownerReferences }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
  };
}

/** Keeps the metadata only. */
export const keptObject = (object: KubernetesObject): KubernetesObject => ({ metadata: metadataOf(object) });

export function keptFeed(feed: Feed): Feed {
  const { annotations, finalizers } = feed.metadata;
  return {
    metadata: {
      ...metadataOf(feed),
      annotations: only(annotations, [RUN_AT]),
      ...(finalizers && { finalizers }),
    },
    spec: feed.spec,
    ...(feed.status && { status: feed.status }),
  };
}

export function keptCronJob({ status, ...object }: KnownCronJob): KnownCronJob {
  const { lastScheduleTime, lastSuccessfulTime } = status ?? {};
  return {
    metadata: metadataOf(object),
    status: {
      ...(lastScheduleTime !== undefined && { lastScheduleTime }),
      ...(lastSuccessfulTime !== undefined && { lastSuccessfulTime }),
    },
  };
}

export function keptJob({ status, ...object }: Job): Job {
  const { conditions, failed } = status ?? {};
  return {
    metadata: metadataOf(object),
    status: { ...(conditions && { conditions }), ...(failed !== undefined && { failed }) },
  };
}

export function keptPod({ status, ...object }: Pod): Pod {
  const { conditions, containerStatuses, initContainerStatuses, phase } = status ?? {};
  return {
    metadata: metadataOf(object),
    status: {
      ...(phase !== undefined && { phase }),
      ...(conditions && { conditions }),
      ...(containerStatuses && { containerStatuses }),
      ...(initContainerStatuses && { initContainerStatuses }),
    },
  };
}
