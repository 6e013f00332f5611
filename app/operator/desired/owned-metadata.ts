import { API_VERSION, type Feed } from "../feed/feed.js";
import type { Metadata } from "../kubernetes/objects.js";
import { FEED_LABEL, type IngestDefaults, objectName } from "./ingest-defaults.js";

/** Name, labels and owner of an object that is made for a Feed: what a Feed owns goes when the Feed goes. */
export function ownedMetadata({ metadata: { name, uid = "" } }: Feed, defaults: IngestDefaults): Metadata {
  return {
    name: objectName(name, defaults),
    labels: { ...defaults.labels, [FEED_LABEL]: name },
    ownerReferences: [{ apiVersion: API_VERSION, kind: "Feed", name, uid, controller: true, blockOwnerDeletion: true }],
  };
}
