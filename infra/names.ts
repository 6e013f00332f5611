/** Names that several parts of a stack use. */
export interface Names {
  /** Namespace of the workloads. */
  readonly workloads: string;
  /** Namespace of the database. */
  readonly database: string;
  /** Name of the CloudNativePG Cluster and its ServiceAccount. The names of its Services begin with it. */
  readonly databaseCluster: string;
  /** Name of the Helm release. The names of its objects begin with it. */
  readonly release: string;
}

/** Each stack has two namespaces of its own, so that several stacks can share a cluster. */
export const namesOf = (stack: string): Names => ({
  workloads: `ratesapp-${stack}`,
  database: `ratesapp-${stack}-database`,
  databaseCluster: "ratesapp",
  release: "ratesapp",
});
