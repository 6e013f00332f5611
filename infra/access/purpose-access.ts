import * as kubernetes from "@pulumi/kubernetes";
import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { DATABASE } from "../database/cluster-spec.js";
import { grants } from "./grants.js";
import { loginRoles } from "./login-roles.js";
import type { Purpose } from "./purposes.js";

export interface PurposeAccessArgs {
  readonly purpose: Purpose;
  /** `access.passwordGeneration`. */
  readonly generation: number;
  /** Where pods with this purpose connect. */
  readonly host: pulumi.Input<string>;
  /** Of the Secret, which has one key, `url`. */
  readonly secretName: string;
  readonly namespace: pulumi.Input<string>;
  /** The grant that the first of these waits for: they run one after the other. */
  readonly after: pulumi.Resource;
  /** Of the database's provider and the resource that roles and grants are gone with. */
  readonly inside: pulumi.CustomResourceOptions;
}

/** One purpose: its group with its grants, its two logins, and the Secret with which pods connect. */
export class PurposeAccess extends pulumi.ComponentResource {
  readonly secretName: pulumi.Output<string>;
  /** The last of its grants. */
  readonly last: pulumi.Resource;

  constructor(name: string, args: PurposeAccessArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:access:PurposeAccess", name, {}, options);
    const { generation, host, purpose } = args;
    const inside = { ...args.inside, parent: this };
    // The owner came with the database.
    const group =
      purpose.name === "owner"
        ? undefined
        : new postgresql.Role(
            purpose.name,
            { name: purpose.group, login: false, roles: [...purpose.memberOf], skipReassignOwned: true },
            inside,
          ).name;
    this.last = group ? grants(purpose, group, { options: inside, after: args.after }) : args.after;
    const { password, user } = loginRoles({ purpose, generation, group: group ?? purpose.group }, inside);
    const session = purpose.sessionOptions ? `&options=${encodeURIComponent(purpose.sessionOptions)}` : "";
    this.secretName = new kubernetes.core.v1.Secret(
      name,
      {
        metadata: { name: args.secretName, namespace: args.namespace },
        stringData: {
          // Encrypted and not verified: the operator renews its authority every 90 days, so a copy of it in this
          // namespace would expire, and pods would no longer connect, after 90 days without a `pulumi up`.
          // NetworkPolicies decide which pods can answer.
          url: pulumi.interpolate`postgresql://${user}:${password}@${host}:5432/${DATABASE}?sslmode=no-verify${session}`,
        },
      },
      // After the grants: a pod that reads this Secret can log in with a role that has its rights.
      { parent: this, dependsOn: this.last },
    ).metadata.name;
    this.registerOutputs();
  }
}
