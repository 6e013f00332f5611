import * as kubernetes from "@pulumi/kubernetes";
import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { databaseUrl, type Login } from "./database-url.js";
import { grants } from "./grants.js";
import { loginRoles } from "./login-roles.js";
import type { Purpose } from "./purposes.js";

export interface PurposeAccessArgs {
  readonly purpose: Purpose;
  /** Value of `access.passwordGeneration`. */
  readonly generation: number;
  /** Host that pods with this purpose connect to. */
  readonly host: pulumi.Input<string>;
  /** Name of the Secret. It has one key, `url`. */
  readonly secretName: string;
  readonly namespace: pulumi.Input<string>;
  /** The grants of this purpose wait for this resource, because all grants run one after the other. */
  readonly after: pulumi.Resource;
  /**
   * Options with the database provider, and with the resource that takes the roles and grants along when it is deleted.
   */
  readonly inside: pulumi.CustomResourceOptions;
  /** The end of the names of all resources of this database. */
  readonly suffix: string;
}

/** The access for one purpose: a group with its grants, two login roles, and the Secret with which pods connect. */
export class PurposeAccess extends pulumi.ComponentResource {
  readonly secretName: pulumi.Output<string>;
  /** With which pods log in. */
  readonly login: Login;
  /** The last grant of this purpose. */
  readonly last: pulumi.Resource;

  constructor(name: string, args: PurposeAccessArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:access:PurposeAccess", name, {}, options);
    const { generation, host, purpose, suffix } = args;
    const inside = { ...args.inside, parent: this };
    // The group of the owner was created together with the database.
    const group =
      purpose.name === "owner"
        ? undefined
        : new postgresql.Role(
            `${purpose.name}${suffix}`,
            { name: purpose.group, login: false, roles: [...purpose.memberOf], skipReassignOwned: true },
            inside,
          ).name;
    this.last = group ? grants(purpose, group, { options: inside, after: args.after, suffix }) : args.after;
    this.login = loginRoles({ purpose, generation, group: group ?? purpose.group, databaseSuffix: suffix }, inside);
    const session = purpose.sessionOptions ? `&options=${encodeURIComponent(purpose.sessionOptions)}` : "";
    this.secretName = new kubernetes.core.v1.Secret(
      name,
      {
        metadata: { name: args.secretName, namespace: args.namespace },
        stringData: {
          url: pulumi.interpolate`${databaseUrl(this.login, host)}${session}`,
        },
      },
      // The Secret is made after the grants, so that a pod that reads it finds a role with all its rights.
      { parent: this, dependsOn: this.last },
    ).metadata.name;
    this.registerOutputs();
  }
}
