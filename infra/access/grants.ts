import * as postgresql from "@pulumi/postgresql";
import type * as pulumi from "@pulumi/pulumi";
import { DATABASE, OWNER } from "../database/cluster-spec.js";
import type { Purpose } from "./purposes.js";

const SCHEMA = "public";

/** Makes a resource wait for the one before it. */
export interface Turn {
  readonly options: pulumi.CustomResourceOptions;
  readonly after: pulumi.Resource;
  /** The end of the names of all resources of this database. */
  readonly suffix: string;
}

/**
 * Grants the rights of a group: on existing tables, and, as default privileges, on tables that migrations and new
 * months will add. The statements run one after the other, because Postgres refuses two changes of the same access list
 * at the same time ("tuple concurrently updated"). Returns the last resource.
 */
export function grants(
  purpose: Purpose,
  group: pulumi.Input<string>,
  { after, options, suffix }: Turn,
): pulumi.Resource {
  const { name } = purpose;
  let last = after;
  const grant = (what: string, args: Omit<postgresql.GrantArgs, "role" | "database">) => {
    last = new postgresql.Grant(`${name}-${what}${suffix}`, { ...args, role: group, database: DATABASE }, inTurn());
  };
  const inTurn = () => ({ ...options, dependsOn: last });

  grant("database", { objectType: "database", privileges: ["CONNECT"] });
  grant("schema", { objectType: "schema", schema: SCHEMA, privileges: ["USAGE"] });
  const kinds = { table: purpose.tables, sequence: purpose.sequences, function: purpose.functions };
  for (const [objectType, privileges] of Object.entries(kinds)) {
    if (privileges.length === 0) continue;
    const to = { objectType, schema: SCHEMA, privileges: [...privileges] };
    last = new postgresql.DefaultPrivileges(
      `${name}-later-${objectType}s${suffix}`,
      { ...to, role: group, database: DATABASE, owner: OWNER },
      inTurn(),
    );
    grant(`${objectType}s`, to);
  }
  return last;
}

/**
 * Revokes what Postgres grants to every role: to connect to the database and to call every function. Otherwise every
 * role could write through a function that runs with the rights of its owner. Returns the last resource.
 * @param beforeCreate hooks that run before the first resource in the database is created.
 */
export function nothingForEverybody(
  { after, options, suffix }: Turn,
  beforeCreate: pulumi.ResourceHook[],
): pulumi.Resource {
  const connect = new postgresql.Grant(
    `everybody-database${suffix}`,
    { role: "public", database: DATABASE, objectType: "database", privileges: [] },
    { ...options, dependsOn: after, hooks: { beforeCreate } },
  );
  // No schema is given: within a schema, default privileges can be added but never revoked.
  return new postgresql.DefaultPrivileges(
    `everybody-later-functions${suffix}`,
    { role: "public", database: DATABASE, owner: OWNER, objectType: "function", privileges: [] },
    { ...options, dependsOn: connect },
  );
}
