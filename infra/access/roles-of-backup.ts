import * as pulumi from "@pulumi/pulumi";
import { DATABASE, OWNER } from "../database/cluster-spec.js";
import { resolved } from "../resolved.js";
import { generations } from "./generations.js";
import type { Purpose } from "./purposes.js";

export interface RolesOfBackupArgs {
  /** Name of the restored Cluster. */
  readonly cluster: string;
  readonly purposes: readonly Purpose[];
  /** Local port of the port-forward to the restored database. */
  readonly port: pulumi.Output<number>;
  readonly superuserPassword: pulumi.Output<string>;
}

/**
 * A hook that runs before the first resource is created inside a restored database. It drops the roles that came with
 * the backup, with the passwords of that time, so that the program can make its roles as in a new database. Only the
 * group of the owner stays, which owns the tables.
 */
export function dropRolesOfBackup(args: RolesOfBackupArgs): pulumi.ResourceHook {
  return new pulumi.ResourceHook(`before-roles-${args.cluster}`, async () => {
    const [port, password] = await resolved(pulumi.all([args.port, args.superuserPassword]));
    // Imported only here: other runs of the program do not need it.
    const { default: pg } = await import("pg");
    const client = new pg.Client({
      host: "127.0.0.1",
      port,
      database: DATABASE,
      user: "postgres",
      password,
      // As in the provider: the certificate does not name 127.0.0.1.
      ssl: { rejectUnauthorized: false },
      connectionTimeoutMillis: 150_000,
    });
    client.on("error", () => {});
    await client.connect();
    try {
      await client.query(dropRoles(rolesOf(args.purposes)));
    } finally {
      await client.end();
    }
  });
}

/** Names of the roles that the program makes, logins before the groups that they are members of. */
export function rolesOf(purposes: readonly Purpose[]): string[] {
  const logins = purposes.flatMap(({ name }) => generations(1).map(({ suffix }) => loginName(name, suffix)));
  return [...logins, ...purposes.map(({ group }) => group).filter((group) => group !== OWNER)];
}

export const loginName = (purpose: string, suffix: string): string => `ratesapp_${purpose}_${suffix}`;

/**
 * Drops roles. Tables that a role happens to own go to the owner's group: DROP OWNED then drops rights alone. A role
 * with sessions is one that programs use, and never one that came with a backup.
 */
export const dropRoles = (roles: readonly string[]): string => `
  DO $$
  DECLARE
    name text;
  BEGIN
    FOREACH name IN ARRAY ARRAY[${roles.map((role) => `'${role}'`).join(", ")}] LOOP
      IF EXISTS (SELECT FROM pg_stat_activity WHERE usename = name) THEN
        RAISE EXCEPTION '% is in use: this database was not restored just now', name;
      END IF;
      IF EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
        EXECUTE format('REASSIGN OWNED BY %I TO ${OWNER}', name);
        EXECUTE format('DROP OWNED BY %I', name);
        EXECUTE format('DROP ROLE %I', name);
      END IF;
    END LOOP;
  END
  $$`;
