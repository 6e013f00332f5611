import * as pulumi from "@pulumi/pulumi";
import { DATABASE } from "../database/cluster-spec.js";
import { AUTHORITIES_FILE } from "./authorities-file.js";

/** A role with a password. */
export interface Login {
  readonly user: pulumi.Input<string>;
  readonly password: pulumi.Input<string>;
}

/**
 * The address with which a pod connects. A server that cannot show a certificate of the stack's authorities for this
 * host gets no password.
 */
export const databaseUrl = ({ password, user }: Login, host: pulumi.Input<string>): pulumi.Output<string> =>
  pulumi.interpolate`postgresql://${user}:${password}@${host}:5432/${DATABASE}?sslmode=verify-full&sslrootcert=${AUTHORITIES_FILE}`;
