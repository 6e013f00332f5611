import { API_VERSION, type Feed } from "../feed/feed.js";
import type { Metadata } from "../kubernetes/objects.js";
import { FEED_LABEL, type IngestDefaults, objectName } from "./ingest-defaults.js";

/** Name, labels and owner of an object of a Feed. Kubernetes deletes it together with the Feed. */
export function ownedMetadata({ metadata: { name, uid = "" } }: Feed, defaults: IngestDefaults): Metadata {
  return {
    name: objectName(name, defaults),
    labels: { ...defaults.labels, [FEED_LABEL]: name },
    ownerReferences: [{ apiVersion: API_VERSION, kind: "Feed", name, uid, controller: true, blockOwnerDeletion: true }],
  };
}
