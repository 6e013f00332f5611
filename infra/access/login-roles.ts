import * as postgresql from "@pulumi/postgresql";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Login } from "./database-url.js";
import { type Generation, generations } from "./generations.js";
import type { Purpose } from "./purposes.js";
import { loginName } from "./roles-of-backup.js";

export interface LoginRolesArgs {
  readonly purpose: Purpose;
  /** Value of `access.passwordGeneration`. */
  readonly generation: number;
  /** Name of the group. The login roles become its members. */
  readonly group: pulumi.Input<string>;
  /** The end of the names of all resources of this database. */
  readonly databaseSuffix: string;
}

/** Makes the two login roles of a purpose. Returns the one that pods get now (generations.ts). */
export function loginRoles(
  { databaseSuffix, generation, group, purpose }: LoginRolesArgs,
  options: pulumi.CustomResourceOptions,
): Login {
  const login = ({ madeAt, suffix }: Generation): Login => {
    const password = new random.RandomPassword(
      `${purpose.name}-${suffix}${databaseSuffix}`,
      // Letters and digits need no escaping in a URL.
      { length: 32, special: false, keepers: { generation: String(madeAt) } },
      // If the old password were deleted first, everything made from it would be deleted too: the Secret and the pods
      // that read it.
      { ...(options.parent && { parent: options.parent }), deleteBeforeReplace: false },
    );
    const role = new postgresql.Role(
      `${purpose.name}-${suffix}${databaseSuffix}`,
      {
        name: loginName(purpose.name, suffix),
        login: true,
        password: password.result,
        roles: [group],
        // The role owns nothing, because the objects that it creates belong to the group.
        skipReassignOwned: true,
        ...timeouts(purpose),
      },
      options,
    );
    return { user: role.name, password: password.result };
  };
  const [a, b] = generations(generation);
  const logins = { a: login(a), b: login(b) };
  return logins[a.current ? "a" : "b"];
}

const timeouts = ({ idleInTransactionTimeoutMs, statementTimeoutMs }: Purpose) => ({
  ...(statementTimeoutMs !== undefined && { statementTimeout: statementTimeoutMs }),
  ...(idleInTransactionTimeoutMs !== undefined && { idleInTransactionSessionTimeout: idleInTransactionTimeoutMs }),
});
