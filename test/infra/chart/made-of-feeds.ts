import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1ConfigMap } from "@kubernetes/client-node";
import { desiredCronJob } from "../../../app/operator/desired/cron-job.js";
import { type IngestDefaults, readIngestDefaults } from "../../../app/operator/desired/ingest-defaults.js";
import { desiredNetworkPolicy } from "../../../app/operator/desired/network-policy.js";
import type { Feed } from "../../../app/operator/feed/feed.js";
import { feedSpec } from "../../../app/operator/feed/feed-spec.js";
import { type KubernetesObject, ofKind } from "./kubernetes-object.js";

/** What the operator of a release makes of its Feeds, which the API server gives their defaults. */
export async function madeOfFeeds(objects: readonly KubernetesObject[]): Promise<KubernetesObject[]> {
  const feeds = ofKind<KubernetesObject & { spec: unknown }>(objects, "Feed");
  const file = ofKind<V1ConfigMap>(objects, "ConfigMap").find(({ data }) => data?.["operator.json"])?.data?.[
    "operator.json"
  ];
  if (file === undefined || feeds.length === 0) return [];
  const defaults = await defaultsOf(file);
  return feeds.flatMap(({ metadata, spec }) => {
    const feed = { metadata: { name: metadata?.name ?? "", uid: "of-the-feed" }, spec: feedSpec.parse(spec) } as Feed;
    const policy = desiredNetworkPolicy(feed, defaults);
    return [
      { apiVersion: "batch/v1", kind: "CronJob", ...desiredCronJob(feed, defaults) },
      ...(policy ? [{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", ...policy }] : []),
    ] as unknown as KubernetesObject[];
  });
}

/** As the operator reads them out of the release's ConfigMap. */
async function defaultsOf(file: string): Promise<IngestDefaults> {
  const folder = await mkdtemp(join(tmpdir(), "ratesapp-operator-"));
  try {
    await writeFile(join(folder, "operator.json"), file);
    return await readIngestDefaults(join(folder, "operator.json"));
  } finally {
    await rm(folder, { recursive: true });
  }
}
