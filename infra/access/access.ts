import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../cluster/kubernetes-cluster.js";
import { DATABASE } from "../database/cluster-spec.js";
import { type DatabaseCluster, readsOf } from "../database/database-cluster.js";
import { type Names, suffixOf } from "../names.js";
import type { Settings } from "../settings/schema.js";
import type { Login } from "./database-url.js";
import { nothingForEverybody } from "./grants.js";
import { localPortFor } from "./local-port.js";
import { PortForward } from "./port-forward.js";
import { PurposeAccess } from "./purpose-access.js";
import { type PurposeName, purposes } from "./purposes.js";
import { dropRolesOfBackup } from "./roles-of-backup.js";

export interface AccessArgs {
  readonly stack: string;
  readonly names: Names;
  readonly settings: Settings;
  /** How the port-forward reaches the cluster. */
  readonly cluster: ClusterAccess;
  readonly database: DatabaseCluster;
  readonly superuserPassword: pulumi.Output<string>;
  /** Namespace of the pods that get the Secrets. */
  readonly namespace: pulumi.Input<string>;
}

/** The roles and rights in one database, and the Secrets with which pods connect to it. */
export class Access extends pulumi.ComponentResource {
  /** Names of the Secrets. Each has one key, `url`. */
  readonly secretNames: Readonly<Record<PurposeName, pulumi.Output<string>>>;
  /** The login that reads prices. */
  readonly reader: Login;
  /** Changes when the content of the Secrets changes. It is not secret itself. */
  readonly revision: string;

  constructor(name: string, args: AccessArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:access:Access", name, {}, options);
    const { database, names, namespace, settings, superuserPassword } = args;
    const generation = settings.access.passwordGeneration;
    const suffix = suffixOf(database.name);
    this.revision = `generation-${generation}-${readsOf(settings.database)}`;

    const port = portForward(args);
    const provider = new postgresql.Provider(
      `database${suffix}`,
      {
        host: "127.0.0.1",
        port,
        database: DATABASE,
        username: "postgres",
        password: superuserPassword,
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
    const inDatabase = { provider, deletedWith: database.resource };
    const all = purposes(settings.api.statementTimeoutMs);
    const restored = typeof database.beginning === "object";
    const dropRoles = restored
      ? [dropRolesOfBackup({ cluster: database.name, purposes: Object.values(all), port, superuserPassword })]
      : [];
    let after = nothingForEverybody(
      { options: { ...inDatabase, parent: this }, after: database.resource, suffix },
      dropRoles,
    );
    const inside = { ...inDatabase, dependsOn: restored ? after : database.resource };
    const accessFor = (purpose: PurposeName): PurposeAccess => {
      const host = purpose === "api" ? database.readHost : database.primaryHost;
      const secretName = `${names.release}-database-${purpose}${suffix}`;
      const access = new PurposeAccess(
        `database-${purpose}${suffix}`,
        { purpose: all[purpose], generation, host, secretName, namespace, after, inside, suffix },
        { parent: this },
      );
      after = access.last;
      return access;
    };
    // One after the other: their grants wait for each other.
    const owner = accessFor("owner").secretName;
    const ingest = accessFor("ingest").secretName;
    const api = accessFor("api");
    const monitoring = accessFor("monitoring").secretName;
    this.reader = api.login;
    this.secretNames = { owner, ingest, api: api.secretName, monitoring };
    this.registerOutputs();
  }
}

/** Opens the port-forward for as long as the program runs, and returns its local port. A preview opens none. */
function portForward({ cluster, database, names, settings, stack }: AccessArgs): pulumi.Output<number> {
  const databases = Object.keys(settings.database.clusters);
  const localPort = localPortFor(stack, database.name, databases, settings.access.localPort);
  if (pulumi.runtime.isDryRun()) return pulumi.output(localPort);
  return pulumi.output(cluster.kubeconfig).apply(async (kubeconfig) => {
    const { context } = cluster;
    // Imported only here: a preview would load the client of Kubernetes for nothing.
    const { primaryOf } = await import("./primary.js");
    const primary = primaryOf({ kubeconfig, context, namespace: names.database, cluster: database.name });
    const onProblem = (message: string) => void pulumi.log.warn(message);
    const forward = await PortForward.open({ ...primary, localPort, onProblem });
    return forward.unref().port;
  });
}
