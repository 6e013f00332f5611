import type { GivenSettings, Settings } from "./schema.js";

type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;
/** What an environment sets where a stack says nothing. */
export type Defaults = DeepPartial<GivenSettings>;

/** Minutes to live, on a cluster that has the operators: one of everything, and nothing kept. */
const sandbox: Defaults = {
  protect: false,
  logLevel: "debug",
  platform: {
    cloudnativePg: "present",
    argoRollouts: "absent",
    certManager: "absent",
    barmanPlugin: "absent",
    prometheus: "absent",
  },
  database: {
    instances: 1,
    cpu: "500m",
    memory: "1Gi",
    storage: "2Gi",
    walStorage: "2Gi",
    zones: "preferred",
    maxConnections: 128,
    pooler: { instances: 1, connections: 10 },
  },
  api: {
    settings: { databasePoolSize: 5 },
    minReplicas: 1,
    maxReplicas: 3,
    resources: { requests: { cpu: "100m", memory: "192Mi" }, limits: { cpu: "2", memory: "384Mi" } },
  },
};

/** The shape of production, smaller: what breaks there breaks here first. */
const staging: Defaults = {
  protect: false,
  logLevel: "info",
  platform: {
    cloudnativePg: "install",
    argoRollouts: "install",
    certManager: "install",
    barmanPlugin: "install",
    prometheus: "install",
  },
  database: {
    instances: 3,
    cpu: "1",
    memory: "2Gi",
    storage: "20Gi",
    walStorage: "5Gi",
    zones: "required",
    // The most that the memory allows; with small pools it lets every API pod have write routes.
    maxConnections: 256,
    pooler: { instances: 2 },
  },
  api: {
    settings: { databasePoolSize: 5 },
    minReplicas: 2,
    maxReplicas: 6,
    resources: { requests: { cpu: "250m", memory: "192Mi" }, limits: { cpu: "2", memory: "384Mi" } },
  },
};

const prod: Defaults = {
  ...staging,
  protect: true,
  database: {
    instances: 3,
    // Beside the archiver, what a node of 4 cores and 32 GiB has to give; 4 whole ones would need one of 8.
    cpu: "3300m",
    memory: "16Gi",
    storage: "200Gi",
    walStorage: "40Gi",
    zones: "required",
    // For write routes in every API pod (connections.ts counts).
    maxConnections: 1200,
    pooler: { instances: 3 },
  },
  api: {
    minReplicas: 3,
    maxReplicas: 30,
    preStopSeconds: 20,
    resources: { requests: { cpu: "500m", memory: "256Mi" }, limits: { cpu: "2", memory: "512Mi" } },
  },
};

/** What each kind of stack starts from. */
export const environments: Readonly<Record<Settings["environment"], Defaults>> = { sandbox, staging, prod };
