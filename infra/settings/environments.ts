import type { GivenSettings, Settings } from "./schema.js";

type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;
/** Defaults of an environment, for settings that the stack does not give. */
export type Defaults = DeepPartial<GivenSettings>;

/** Made in minutes, on a cluster that has the operators. There is one of everything, and no data are protected. */
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
  delivery: { strategy: "rolling" },
  api: {
    settings: { databasePoolSize: 5 },
    minReplicas: 1,
    maxReplicas: 3,
    resources: { requests: { cpu: "100m", memory: "192Mi" }, limits: { cpu: "2", memory: "384Mi" } },
  },
};

/** The structure of production, but smaller, so that faults appear here first. */
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
    // The most that the memory allows. Because the pools are small, every API pod can have write operations.
    maxConnections: 256,
    pooler: { instances: 2 },
  },
  delivery: { strategy: "canary" },
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
    // Together with the archiver, this fills a node of 4 cores and 32 GiB. Four whole cores would need a node of 8.
    cpu: "3300m",
    memory: "16Gi",
    storage: "200Gi",
    walStorage: "40Gi",
    zones: "required",
    // Enough for write operations in every API pod (connections.ts counts them).
    maxConnections: 1200,
    pooler: { instances: 3 },
  },
  alarms: { availability: 0.999 },
  api: {
    minReplicas: 3,
    maxReplicas: 30,
    preStopSeconds: 20,
    resources: { requests: { cpu: "500m", memory: "256Mi" }, limits: { cpu: "2", memory: "512Mi" } },
  },
};

/** Defaults by environment. */
export const environments: Readonly<Record<Settings["environment"], Defaults>> = { sandbox, staging, prod };
