import * as pulumi from "@pulumi/pulumi";
import { resolved } from "../resolved.js";
import type { Beginning } from "../settings/database-clusters.js";
import { type ArchiveOptions, ArchiveReader } from "./archive-reader.js";
import { ofCluster, ofStack } from "./server-names.js";

export interface GuardArgs extends Omit<ArchiveOptions, "destination" | "keys"> {
  readonly stack: string;
  /** Name of the Cluster, and how it begins. */
  readonly cluster: string;
  readonly beginning: Beginning;
  readonly destination: pulumi.Input<string>;
  readonly keys: pulumi.Input<ArchiveOptions["keys"]>;
  /** Namespace of the workloads. Folders of all databases of this stack begin with it. */
  readonly workloads: string;
  /** Folder of this database. */
  readonly serverName: pulumi.Input<string>;
}

/**
 * A hook that runs before a Cluster is created, and fails if the archive has data that the Cluster would not have. So a
 * database that was lost never comes up again empty, or as it was when it was restored the last time, while pods go on
 * as if nothing had happened. An `up` that creates no Cluster does not ask the archive.
 */
export function refuseBesideData(args: GuardArgs): pulumi.ResourceHook {
  const { cluster, stack } = args;
  return new pulumi.ResourceHook(`before-database-${cluster}`, async () => {
    const [destination, keys, serverName] = await resolved(pulumi.all([args.destination, args.keys, args.serverName]));
    const reader = new ArchiveReader({ destination, endpoint: args.endpoint, keys });
    const mistake = refusal({
      ...args,
      destination,
      serverName,
      servers: await reader.servers(args.workloads).catch((error: Error) => error),
    });
    if (mistake) throw new Error(`${mistake}\n${help(stack, cluster)}`);
  });
}

/** Why the Cluster must not be made; undefined if it may. @param servers folders in the archive. */
export function refusal({
  beginning,
  cluster,
  destination,
  serverName,
  servers,
  workloads,
}: Pick<GuardArgs, "beginning" | "cluster" | "workloads"> & {
  readonly destination: string;
  readonly serverName: string;
  readonly servers: readonly string[] | Error;
}): string | undefined {
  const meant = beginning === "empty-beside-archive";
  if (servers instanceof Error) return meant ? undefined : `${cluster} would be created, and ${servers.message}`;
  const where = destination.replace(/\/*$/, "/");
  const before = servers.filter((server) =>
    meant ? server === serverName : ofCluster(workloads, cluster).test(server),
  );
  if (before.length > 0) {
    return `${cluster} was there before, and would come up without the data that it stored into ${where}${before.join(", ")}`;
  }
  const earlier = servers.filter((server) => ofStack(workloads).test(server));
  if (beginning !== "empty" || earlier.length === 0) return undefined;
  return `${cluster} would be empty, and ${where} has data of this stack: ${earlier.join(", ")}`;
}

const help = (stack: string, cluster: string): string => `\
Restore it:       npm run restore -- --stack ${stack} --newest
Or begin empty:   pulumi config set --stack ${stack} --path ratesapp:database.clusters.${cluster} empty-beside-archive`;
