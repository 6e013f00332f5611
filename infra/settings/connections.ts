import type { Settings } from "./schema.js";

/** Connections that one process of the application opens. A test compares these with the numbers of the program. */
export const processConnections = {
  /** `DATABASE_POOL_SIZE`, for each of the two databases, if `api.settings` does not set it. */
  readPool: 10,
  /** An API pod polls each database over a connection of its own, outside of the pool. */
  poll: 1,
  /** For an API pod with write operations. */
  writePool: 9,
  ingest: 8,
} as const;

/**
 * Compaction 4, migration 1, places 1, Pulumi 4, the superuser's reserve 3, the operator of feeds 3 (one at a time
 * leads), that of the database and people 5.
 */
const UPKEEP = 21;
/** Factor while a release replaces API pods: maxSurge in the chart, and all pods twice with blueGreen. */
const SURGE = { rolling: 1.5, canary: 1.5, blueGreen: 2 } as const;

/** A number of connections that may be open at once, and the programs that open them. */
export interface Connections {
  readonly count: number;
  readonly of: string;
}

type Sized = Pick<Settings, "api" | "database" | "delivery" | "feeds">;

/**
 * Connections that one instance of the database may have to accept. Poolers count although they lead to replicas: a
 * promoted replica keeps their connections for minutes.
 * @param writing true if API pods have write operations; otherwise they do not connect to the primary.
 */
export function instanceConnections({ api, database, delivery, feeds }: Sized, writing: boolean): Connections[] {
  const { connections, instances } = database.pooler;
  const workers = Object.values(feeds).reduce((sum, { parallelism = 1 }) => sum + parallelism, 0);
  const pods = mostPods(api, delivery);
  const ofPod = readConnections(api) + processConnections.writePool;
  return [
    // While a password is being changed, both login roles of a purpose are connected.
    { count: 2 * instances * connections, of: `poolers (2 roles, ${instances} pods, ${connections} each)` },
    { count: writing ? pods * ofPod : 0, of: `${pods} API pods with write routes (${ofPod} each)` },
    {
      count: workers * processConnections.ingest,
      of: `ingest (${workers} pods of all feeds, ${processConnections.ingest} each)`,
    },
    { count: UPKEEP, of: "upkeep, the operators and you" },
  ].filter(({ count }) => count > 0);
}

/** Connections that API pods open to the poolers. */
export function poolerClients({ api, delivery }: Sized): Connections {
  const pods = mostPods(api, delivery);
  return { count: pods * readConnections(api), of: `${pods} API pods (${readConnections(api)} each)` };
}

const mostPods = ({ maxReplicas }: Settings["api"], { strategy }: Settings["delivery"]): number =>
  Math.ceil(SURGE[strategy] * maxReplicas);

const readConnections = ({ settings }: Settings["api"]): number =>
  Number(settings.databasePoolSize ?? processConnections.readPool) + processConnections.poll;
