import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type Authority, newAuthority } from "./authority.js";

export interface ServerAuthoritiesArgs {
  readonly namespace: pulumi.Input<string>;
  /** Value of `access.authorityGeneration`. */
  readonly generation: number;
}

/**
 * The certificate authorities of the servers of a stack's databases, by generation. One signs. The one before and the
 * one after are trusted too. So when the generation is raised by one, every client already trusts the authority that
 * signs from then on, and still trusts the certificates that have not been replaced yet: no connection fails, and the
 * order in which servers and clients notice does not matter.
 *
 * After a leak, raise it by one twice. Then the leaked one is not trusted any more.
 */
export class ServerAuthorities extends pulumi.ComponentResource {
  /** Secret with which CloudNativePG signs: `ca.crt` begins with the authority of the key in `ca.key`. */
  readonly secretName: pulumi.Output<string>;
  /** PEM of all authorities that clients trust. */
  readonly trusted: pulumi.Output<string>;

  constructor(name: string, args: ServerAuthoritiesArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:database:ServerAuthorities", name, {}, options);
    const { generation, namespace } = args;
    const kept = (number: number) => this.#kept(number, args);
    const signing = kept(generation);
    const others = [generation - 1, generation + 1].filter((number) => number > 0).map(kept);
    this.trusted = pulumi.all([signing, ...others]).apply((all) => all.map(({ certificate }) => certificate).join(""));
    this.secretName = new kubernetes.core.v1.Secret(
      name,
      {
        // The label makes the operator, the instances and the poolers read it again when it changes.
        metadata: { name: "ratesapp-server-ca", namespace, labels: { "cnpg.io/reload": "true" } },
        stringData: { "ca.crt": this.trusted, "ca.key": signing.apply(({ key }) => key) },
      },
      { parent: this },
    ).metadata.name;
    this.registerOutputs();
  }

  /**
   * An authority that is made once. This program makes a new one each time it runs; `ignoreChanges` keeps the first. So
   * the only places of its key are the state, where it is encrypted, and this Secret.
   */
  #kept(generation: number, { namespace }: ServerAuthoritiesArgs): pulumi.Output<Authority> {
    const made = pulumi
      .output(namespace)
      .apply((within) => newAuthority(`${within} servers ${generation}`))
      .apply(({ certificate, key }) => ({ certificate: base64(certificate), key: base64(key) }));
    const secret = new kubernetes.core.v1.Secret(
      `server-ca-${generation}`,
      { metadata: { name: `ratesapp-server-ca-${generation}`, namespace }, data: pulumi.secret(made) },
      { parent: this, ignoreChanges: ["data"] },
    );
    return secret.data.apply(({ certificate = "", key = "" }) => ({ certificate: text(certificate), key: text(key) }));
  }
}

const base64 = (content: string): string => Buffer.from(content).toString("base64");
const text = (content: string): string => Buffer.from(content, "base64").toString();
