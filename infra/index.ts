import * as pulumi from "@pulumi/pulumi";
import packageJson from "../package.json" with { type: "json" };
import { Access } from "./access/access.js";
import { Alarms } from "./alarms/alarms.js";
import { clusterOf } from "./cluster/choose-cluster.js";
import { Database } from "./database/database.js";
import type { DatabaseCluster } from "./database/database-cluster.js";
import { RestoreDrill } from "./drill/restore-drill.js";
import { namesOf, suffixOf } from "./names.js";
import { outputsOf } from "./outputs.js";
import { manifestsOf } from "./platform/operator-manifests.js";
import { Platform } from "./platform/platform.js";
import { releasedImages } from "./released-images.js";
import { rawSettings, readStackSettings } from "./settings/read-settings.js";
import { readSecrets } from "./settings/secrets.js";
import { stackNameMistake } from "./stack-name.js";
import { workloadsNamespace } from "./workloads/namespace.js";
import { placesOf } from "./workloads/places-files.js";
import { Workloads } from "./workloads/workloads.js";

// feeds ──CronJob──▶ ingest pods ──COPY──▶ primary ══WAL══▶ replicas        Kubernetes, each in its own zone
// uploads, consumers ─▶ api pods, HPA ──▶ primary, replicas                 charts/ratesapp
//                                         └── WAL and base backups          object storage

const stack = pulumi.getStack();
const raw = rawSettings(pulumi.runtime.allConfig());
const settings = readStackSettings(stack, raw, `ghcr.io/ratesapp/ratesapp:${packageJson.version}`);
const mistake = stackNameMistake(stack, settings.cluster.eks !== undefined);
if (mistake) throw new pulumi.RunError(`${stack}: ${mistake}.\nGive it another one: pulumi stack rename NAME`);
const secrets = readSecrets(raw);
const places = placesOf(stack, settings);
const images = await releasedImages(stack, settings);
const names = namesOf(stack);

const cluster = clusterOf(stack, names, settings);
const inCluster = { provider: cluster.provider };
const dns = { to: settings.cluster.dns.to ?? cluster.dns, ports: settings.cluster.dns.ports };

const platform = new Platform(
  "platform",
  {
    settings,
    manifests: await manifestsOf(settings.platform),
    cluster,
    dns,
  },
  inCluster,
);

const database = new Database(
  "database",
  {
    stack,
    names,
    settings,
    cluster,
    dns,
    apiWrites: secrets.writeTokens !== undefined,
    backupCredentials: secrets.backupCredentials,
  },
  { ...inCluster, dependsOn: [...platform.forDatabase] },
);

const namespace = workloadsNamespace(names.workloads, cluster.namespaceLabels, inCluster);
const { superuserPassword } = database;
const accessTo = (one: DatabaseCluster) =>
  new Access(
    `access${suffixOf(one.name)}`,
    { stack, names, settings, cluster: cluster.access, database: one, superuserPassword, namespace },
    inCluster,
  );
const access = accessTo(database.serving);
for (const one of database.clusters) if (one !== database.serving) accessTo(one);
const drill = settings.database.backups?.drill ?? "off";
if (drill !== "off") {
  new RestoreDrill(
    "drill",
    { names, settings, image: images.servers, drill, cluster, dns, database, access, workloads: namespace },
    inCluster,
  );
}
const workloads = new Workloads(
  "workloads",
  {
    names,
    settings,
    images,
    secrets,
    places,
    cluster,
    dns,
    access,
    authorities: database.authorities,
    namespace,
    rollouts: platform.forRollouts,
  },
  inCluster,
);
if (settings.platform.prometheus !== "absent") {
  const receivers = secrets.alarmReceivers;
  // The definitions of rules and routes come with Prometheus.
  const options = { ...inCluster, dependsOn: [...platform.forDatabase] };
  new Alarms("alarms", { names, settings, namespace, receivers }, options);
}

// As one object: an output that the stack has not is left out, where an exported name would be undefined.
export default outputsOf({ names, settings, images, cluster, database, workloads });
