import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { resultName } from "../../app/drill/result-name.js";
import type { Access } from "../access/access.js";
import { databaseUrl } from "../access/database-url.js";
import type { KubernetesCluster } from "../cluster/kubernetes-cluster.js";
import { OWNER } from "../database/cluster-spec.js";
import type { Database } from "../database/database.js";
import { DRILL_COPY, type Names } from "../names.js";
import type { DnsServers } from "../network/peers.js";
import type { DrillSettings, Settings } from "../settings/schema.js";
import { drillCopy } from "./drill-copy.js";
import { drillCronJob } from "./drill-cron-job.js";
import { drillNetworkPolicies } from "./drill-network-policies.js";
import { drillRights } from "./drill-rights.js";

export interface RestoreDrillArgs {
  readonly names: Names;
  readonly settings: Settings;
  readonly drill: DrillSettings;
  readonly cluster: KubernetesCluster;
  readonly dns: DnsServers;
  readonly database: Database;
  /** The access to the database that pods use. */
  readonly access: Access;
  /** Namespace of the workloads, in which the result is kept. */
  readonly workloads: pulumi.Input<string>;
}

/** A CronJob that restores the newest backup into a database of its own, compares the two, and deletes it. */
export class RestoreDrill extends pulumi.ComponentResource {
  constructor(name: string, args: RestoreDrillArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:drill:RestoreDrill", name, {}, options);
    const { access, cluster, database, dns, drill, names, settings, workloads } = args;
    const { namespace, serving } = database;
    const parent = { parent: this };
    const metadata = (objectName: string) => ({ name: objectName, namespace, labels: LABELS });
    const owner = {
      user: OWNER,
      password: new random.RandomPassword("drill", { length: 32, special: false }, parent).result,
    };
    // CloudNativePG gives this password to the owner in the copy, so the drill needs no password of the time of the
    // backup, and no right to read Secrets.
    const ownerSecret = new kubernetes.core.v1.Secret(
      "drill-owner",
      {
        metadata: metadata(`${NAME}-owner`),
        type: "kubernetes.io/basic-auth",
        stringData: { username: owner.user, password: owner.password },
      },
      parent,
    );
    const urls = new kubernetes.core.v1.Secret(
      "drill",
      {
        metadata: metadata(NAME),
        stringData: {
          primary: databaseUrl(access.reader, serving.primaryHost),
          reads: databaseUrl(access.reader, serving.replicaHost),
          copy: databaseUrl(owner, pulumi.interpolate`${DRILL_COPY}-rw.${namespace}.svc`),
        },
      },
      // After the grants, so that the role has all its rights.
      { ...parent, dependsOn: access },
    );
    const copy = drillCopy({
      settings: settings.database,
      drill,
      storageClass: settings.database.storageClass ?? cluster.storageClass,
      superuserSecret: database.superuserSecret,
      authoritySecret: database.authoritySecret,
      ownerSecret: ownerSecret.metadata.name,
      archived: serving.archived ?? {},
    });
    const result = { namespace: names.workloads, name: resultName(names.release) };
    const file = new kubernetes.core.v1.ConfigMap(
      "drill",
      {
        metadata: metadata(NAME),
        data: {
          "drill.json": pulumi.jsonStringify(
            { database: serving.name, copy, result, deadlineMinutes: drill.deadlineMinutes },
            undefined,
            2,
          ),
        },
      },
      parent,
    );
    drillNetworkPolicies({ namespace, labels: LABELS, dns, settings: settings.cluster }, parent);
    const serviceAccount = drillRights(
      { name: NAME, namespace, workloads, labels: LABELS, database: serving.name, result: result.name },
      parent,
    );
    drillCronJob(
      {
        settings,
        drill,
        metadata: metadata(NAME),
        serviceAccount,
        file: file.metadata.name,
        urls: urls.metadata.name,
        authoritySecret: database.authoritySecret,
      },
      parent,
    );
    this.registerOutputs();
  }
}

/** Name of the CronJob and of what belongs to it. */
const NAME = "ratesapp-drill";
const LABELS = { "app.kubernetes.io/name": "ratesapp", "app.kubernetes.io/component": "drill" };
