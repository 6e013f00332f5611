import * as postgresql from "@pulumi/postgresql";
import type * as pulumi from "@pulumi/pulumi";
import { DATABASE, OWNER } from "../database/cluster-spec.js";
import type { Purpose } from "./purposes.js";

const SCHEMA = "public";

/** Options that make a resource wait for the one before it. */
export interface Turn {
  readonly options: pulumi.CustomResourceOptions;
  readonly after: pulumi.Resource;
}

/**
 * The rights of a group: on the tables that exist, and, as default privileges, on those that migrations and new months
 * will make. One statement after the other: Postgres refuses two changes of one access list at the same time ("tuple
 * concurrently updated"). Returns the last.
 */
export function grants(purpose: Purpose, group: pulumi.Input<string>, { after, options }: Turn): pulumi.Resource {
  const { name } = purpose;
  let last = after;
  const grant = (what: string, args: Omit<postgresql.GrantArgs, "role" | "database">) => {
    last = new postgresql.Grant(`${name}-${what}`, { ...args, role: group, database: DATABASE }, inTurn());
  };
  const inTurn = () => ({ ...options, dependsOn: last });

  grant("database", { objectType: "database", privileges: ["CONNECT"] });
  grant("schema", { objectType: "schema", schema: SCHEMA, privileges: ["USAGE"] });
  const kinds = { table: purpose.tables, sequence: purpose.sequences, function: purpose.functions };
  for (const [objectType, privileges] of Object.entries(kinds)) {
    if (privileges.length === 0) continue;
    const to = { objectType, schema: SCHEMA, privileges: [...privileges] };
    last = new postgresql.DefaultPrivileges(
      `${name}-later-${objectType}s`,
      { ...to, role: group, database: DATABASE, owner: OWNER },
      inTurn(),
    );
    grant(`${objectType}s`, to);
  }
  return last;
}

/**
 * Takes away what Postgres gives to every role: to connect to the database, and to call every function. A function that
 * runs with its owner's rights would let any role write. Returns the last.
 */
export function nothingForEverybody({ after, options }: Turn): pulumi.Resource {
  const connect = new postgresql.Grant(
    "everybody-database",
    { role: "public", database: DATABASE, objectType: "database", privileges: [] },
    { ...options, dependsOn: after },
  );
  // Without a schema: within one, a default can be added and never taken away.
  return new postgresql.DefaultPrivileges(
    "everybody-later-functions",
    { role: "public", database: DATABASE, owner: OWNER, objectType: "function", privileges: [] },
    { ...options, dependsOn: connect },
  );
}
