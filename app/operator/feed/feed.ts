import type { KubernetesObject } from "../kubernetes/objects.js";
import type { FeedSpec } from "./feed-spec.js";
import type { FeedStatus } from "./feed-status.js";

export const GROUP = "feeds.ratesapp.dev";
export const VERSION = "v1";
export const API_VERSION = `${GROUP}/${VERSION}`;

/** A change of this annotation's value starts a run at once. */
export const RUN_AT = `${GROUP}/run-at`;
/** Keeps a deleted Feed in the cluster until its prices are retracted. */
export const RETRACT_FINALIZER = `${GROUP}/retract`;

/** A feed as Kubernetes stores it. */
export interface Feed extends KubernetesObject {
  readonly spec: FeedSpec;
  readonly status?: FeedStatus;
}
