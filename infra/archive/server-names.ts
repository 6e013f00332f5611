import { suffixOf } from "../names.js";

/** The beginning of the folder of a database in the archive. Eight random hexadecimal digits follow. */
export const serverNameOf = (workloads: string, cluster: string): string => `${workloads}${suffixOf(cluster)}-`;

/** Folders that databases with the name of a Cluster have had. */
export const ofCluster = (workloads: string, cluster: string): RegExp =>
  new RegExp(`^${serverNameOf(workloads, cluster)}[0-9a-f]{8}$`);

/** Folders of all databases of a stack. Those of another stack whose name begins with the name of this one are not. */
export const ofStack = (workloads: string): RegExp =>
  new RegExp(`^${workloads}-(restored-([a-z0-9-]*-)?)?[0-9a-f]{8}$`);
