import { OWNER } from "../database/cluster-spec.js";

/** What programs connect to the database for. */
export type PurposeName = "owner" | "ingest" | "api" | "monitoring";

/** What a program connects for, and the rights that it needs. It gets no others. */
export interface Purpose {
  readonly name: PurposeName;
  /** Holds the grants; the two login roles are its members. */
  readonly group: string;
  readonly tables: readonly string[];
  readonly sequences: readonly string[];
  readonly functions: readonly string[];
  /** Groups of Postgres' own. */
  readonly memberOf: readonly string[];
  /** Parameters that a session begins with, where nothing pools it. */
  readonly sessionOptions?: string;
  /** Set on the role: a pooler shares server connections, so a client cannot set it when it connects. */
  readonly statementTimeoutMs?: number;
  readonly idleInTransactionTimeoutMs?: number;
}

const nothing = { tables: [], sequences: [], functions: [], memberOf: [] };

/** All purposes. @param statementTimeoutMs limit of a statement of the API, in milliseconds. */
export const purposes = (statementTimeoutMs: number): Readonly<Record<PurposeName, Purpose>> => ({
  // Makes and changes tables, which belong to the group and not to the login that happened to make them.
  owner: { ...nothing, name: "owner", group: OWNER, sessionOptions: `-c role=${OWNER}` },
  ingest: {
    ...nothing,
    name: "ingest",
    group: "ratesapp_ingest",
    tables: ["SELECT", "INSERT", "UPDATE", "DELETE"],
    sequences: ["USAGE", "SELECT"],
    functions: ["EXECUTE"],
  },
  api: {
    ...nothing,
    name: "api",
    group: "ratesapp_api",
    tables: ["SELECT"],
    statementTimeoutMs,
    idleInTransactionTimeoutMs: 10_000,
  },
  // Reads statistics and progress, and no prices.
  monitoring: {
    ...nothing,
    name: "monitoring",
    group: "ratesapp_monitoring",
    memberOf: ["pg_monitor"],
    statementTimeoutMs: 30_000,
    idleInTransactionTimeoutMs: 60_000,
  },
});
