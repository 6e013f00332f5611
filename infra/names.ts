/** Names that several parts of a stack use. */
export interface Names {
  /** Namespace of the workloads. */
  readonly workloads: string;
  /** Namespace of the database. */
  readonly database: string;
  /** Name of the Helm release. The names of its objects begin with it. */
  readonly release: string;
}

/** Each stack has two namespaces of its own, so that several stacks can share a cluster. */
export const namesOf = (stack: string): Names => ({
  workloads: `ratesapp-${stack}`,
  database: `ratesapp-${stack}-database`,
  release: "ratesapp",
});

/** Name of the CloudNativePG Cluster with which a stack begins. */
export const FIRST_CLUSTER = "ratesapp";

/** Name of the CloudNativePG Cluster into which a restore drill restores. */
export const DRILL_COPY = "ratesapp-drill-copy";

/** The end of the names of what each database of a stack has once. The first database has none. */
export const suffixOf = (cluster: string): string => (cluster === FIRST_CLUSTER ? "" : `-${cluster}`);
