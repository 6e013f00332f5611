import { API_VERSION, type Feed } from "../feed/feed.js";
import type { OwnerReference } from "../kubernetes/objects.js";

/** Makes the Feed the owner: what it owns goes when it goes. */
export function ownedBy({ metadata }: Feed): OwnerReference {
  const { name, uid = "" } = metadata;
  return { apiVersion: API_VERSION, kind: "Feed", name, uid, controller: true, blockOwnerDeletion: true };
}
