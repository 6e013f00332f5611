import type * as pulumi from "@pulumi/pulumi";
import { clusterSpec } from "../database/cluster-spec.js";
import { DRILL_COPY } from "../names.js";
import type { DrillSettings, Settings } from "../settings/schema.js";

export interface DrillCopyArgs {
  readonly settings: Settings["database"];
  readonly drill: DrillSettings;
  readonly storageClass: pulumi.Input<string> | undefined;
  readonly superuserSecret: pulumi.Input<string>;
  /** Secret of the authority that signs the copy's certificate. */
  readonly authoritySecret: pulumi.Input<string>;
  /** Secret with the login of the owner. */
  readonly ownerSecret: pulumi.Input<string>;
  /** The part of an external cluster that is the database in the archive. */
  readonly archived: object;
}

/**
 * The Cluster that a drill makes: one instance, on any node, with disks as large as those of the database, which must
 * have room for the same. It stores nothing into the archive.
 */
export function drillCopy(args: DrillCopyArgs) {
  const { cpu, memory } = args.drill;
  const spec = clusterSpec({
    settings: { ...args.settings, instances: 1, cpu, memory, zones: "preferred" },
    placement: undefined,
    storageClass: args.storageClass,
    superuserSecret: args.superuserSecret,
    archive: undefined,
    queries: undefined,
    from: { origin: {}, externalCluster: args.archived, ownerSecret: args.ownerSecret },
    // Only the drill connects to it, by the name that the operator signs in any case.
    certificates: { authority: args.authoritySecret, names: [] },
  });
  return { metadata: { name: DRILL_COPY, labels: { "app.kubernetes.io/part-of": "ratesapp" } }, spec };
}
