import * as kubernetes from "@pulumi/kubernetes";
import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../cluster/kubernetes-cluster.js";
import { DATABASE } from "../database/cluster-spec.js";
import type { Database } from "../database/database.js";
import type { Names } from "../names.js";
import type { Settings } from "../settings/schema.js";
import { nothingForEverybody } from "./grants.js";
import { localPortOf } from "./local-port.js";
import { PortForward } from "./port-forward.js";
import { PurposeAccess } from "./purpose-access.js";
import { type PurposeName, purposes } from "./purposes.js";

export interface AccessArgs {
  readonly stack: string;
  readonly names: Names;
  readonly settings: Settings;
  /** How the port-forward reaches the cluster. */
  readonly cluster: ClusterAccess;
  readonly database: Database;
  /** Namespace of the pods that get the Secrets. */
  readonly namespace: pulumi.Input<string>;
}

/** The roles and rights in the database, and the Secrets with which pods connect. */
export class Access extends pulumi.ComponentResource {
  /** Names of the Secrets. Each has one key, `url`. */
  readonly secretNames: Readonly<Record<PurposeName, pulumi.Output<string>>>;
  /** Name of the ConfigMap with the certificate authorities of the database, in the key `ca.crt`. */
  readonly authoritiesName: pulumi.Output<string>;
  /** Changes when the content of the Secrets changes. It is not secret itself. */
  readonly revision: string;

  constructor(name: string, args: AccessArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:access:Access", name, {}, options);
    const { database, names, namespace, settings } = args;
    const generation = settings.access.passwordGeneration;
    this.revision = `generation-${generation}-${database.reads}`;
    this.authoritiesName = new kubernetes.core.v1.ConfigMap(
      "database-ca",
      { metadata: { name: `${names.release}-database-ca`, namespace }, data: { "ca.crt": database.authorities } },
      { parent: this },
    ).metadata.name;

    const provider = new postgresql.Provider(
      "database",
      {
        host: "127.0.0.1",
        port: portForward(args),
        database: DATABASE,
        username: "postgres",
        password: database.superuserPassword,
        superuser: true,
        // The connection is encrypted as far as the pod. The certificate is not verified: it does not name 127.0.0.1.
        sslmode: "require",
        connectTimeout: 150,
        // Each connection is one through the Kubernetes API.
        maxConnections: 4,
      },
      { parent: this },
    );
    // Roles and grants are deleted together with the database. `pulumi destroy` does not run this program, so there is
    // no port-forward to delete them one by one.
    const inside = { provider, deletedWith: database.resource, dependsOn: database.resource };

    let after = nothingForEverybody({ options: { ...inside, parent: this }, after: database.resource });
    const all = purposes(settings.api.statementTimeoutMs);
    const secretOf = (purpose: PurposeName): pulumi.Output<string> => {
      const host = purpose === "api" ? database.readHost : database.primaryHost;
      const secretName = `${names.release}-database-${purpose}`;
      const access = new PurposeAccess(
        `database-${purpose}`,
        { purpose: all[purpose], generation, host, secretName, namespace, after, inside },
        { parent: this },
      );
      after = access.last;
      return access.secretName;
    };
    this.secretNames = {
      owner: secretOf("owner"),
      ingest: secretOf("ingest"),
      api: secretOf("api"),
      monitoring: secretOf("monitoring"),
    };
    this.registerOutputs();
  }
}

/** Opens the port-forward for as long as the program runs, and returns its local port. A preview opens none. */
function portForward({ cluster, names, settings, stack }: AccessArgs): pulumi.Output<number> {
  const localPort = settings.access.localPort ?? localPortOf(stack);
  if (pulumi.runtime.isDryRun()) return pulumi.output(localPort);
  return pulumi.output(cluster.kubeconfig).apply(async (kubeconfig) => {
    const { context } = cluster;
    // Imported only here: a preview would load the client of Kubernetes for nothing.
    const { primaryOf } = await import("./primary.js");
    const primary = primaryOf({ kubeconfig, context, namespace: names.database, cluster: names.databaseCluster });
    const onProblem = (message: string) => void pulumi.log.warn(message);
    const forward = await PortForward.open({ ...primary, localPort, onProblem });
    return forward.unref().port;
  });
}
