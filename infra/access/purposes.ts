import { OWNER } from "../database/cluster-spec.js";

/** The purposes for which programs connect to the database. */
export type PurposeName = "owner" | "ingest" | "api" | "monitoring";

/** A purpose and the rights that it needs. It has no other rights. */
export interface Purpose {
  readonly name: PurposeName;
  /** Name of the group role. It has the grants, and the two login roles are its members. */
  readonly group: string;
  readonly tables: readonly string[];
  readonly sequences: readonly string[];
  readonly functions: readonly string[];
  /** Predefined roles of Postgres of which the group is a member. */
  readonly memberOf: readonly string[];
  /** Parameters that a session begins with. They work only without a pooler. */
  readonly sessionOptions?: string;
  /** Set on the role, because a pooler shares server connections, so a client cannot set it when it connects. */
  readonly statementTimeoutMs?: number;
  readonly idleInTransactionTimeoutMs?: number;
}

const nothing = { tables: [], sequences: [], functions: [], memberOf: [] };

/** All purposes. @param statementTimeoutMs limit for a statement of the API, in milliseconds. */
export const purposes = (statementTimeoutMs: number): Readonly<Record<PurposeName, Purpose>> => ({
  // Creates and changes tables. They belong to the group, and not to the login role that created them.
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
  // Reads statistics and progress, but no prices.
  monitoring: {
    ...nothing,
    name: "monitoring",
    group: "ratesapp_monitoring",
    memberOf: ["pg_monitor"],
    statementTimeoutMs: 30_000,
    idleInTransactionTimeoutMs: 60_000,
  },
});
