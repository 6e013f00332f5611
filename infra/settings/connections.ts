import type { Settings } from "./schema.js";

/** What one process of the application opens (a test holds these to the program's own). */
export const processConnections = {
  /** `DATABASE_POOL_SIZE`, to each of the two databases, where `api.settings` says nothing. */
  readPool: 10,
  /** An API pod asks each database apart from its pool whether there is something new. */
  poll: 1,
  /** Of an API pod with write routes. */
  writePool: 9,
  ingest: 8,
} as const;

/**
 * Compaction 4, migration 1, places 1, Pulumi 4, the superuser's reserve 3, the operators of feeds 3 (one at a time
 * leads), that of the database and people 5.
 */
const UPKEEP = 21;
/** While a release replaces API pods (maxSurge in the chart). */
const SURGE = 1.5;

/** Connections that may be open at once, and whose they are. */
export interface Connections {
  readonly count: number;
  readonly of: string;
}

type Sized = Pick<Settings, "api" | "database" | "feeds">;

/**
 * What one instance of the database may have to take. Poolers count, though they lead to replicas: the one that is
 * promoted keeps their connections for minutes.
 * @param writing whether API pods have write routes; without them they leave the primary alone.
 */
export function instanceConnections({ api, database, feeds }: Sized, writing: boolean): Connections[] {
  const { connections, instances } = database.pooler;
  const workers = Object.values(feeds).reduce((sum, { parallelism = 1 }) => sum + parallelism, 0);
  const pods = mostPods(api);
  const ofPod = readConnections(api) + processConnections.writePool;
  return [
    // Two login roles of a purpose are connected while a password is being changed.
    { count: 2 * instances * connections, of: `poolers (2 roles, ${instances} pods, ${connections} each)` },
    { count: writing ? pods * ofPod : 0, of: `${pods} API pods with write routes (${ofPod} each)` },
    {
      count: workers * processConnections.ingest,
      of: `ingest (${workers} pods of all feeds, ${processConnections.ingest} each)`,
    },
    { count: UPKEEP, of: "upkeep, the operators and you" },
  ].filter(({ count }) => count > 0);
}

/** What comes to the poolers from API pods. */
export function poolerClients({ api }: Sized): Connections {
  const pods = mostPods(api);
  return { count: pods * readConnections(api), of: `${pods} API pods (${readConnections(api)} each)` };
}

const mostPods = ({ maxReplicas }: Settings["api"]): number => Math.ceil(SURGE * maxReplicas);

const readConnections = ({ settings }: Settings["api"]): number =>
  Number(settings.databasePoolSize ?? processConnections.readPool) + processConnections.poll;
