import { createHash } from "node:crypto";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { feedDefinition } from "../../app/operator/feed/feed-definition.js";
import type { Access } from "../access/access.js";
import { backgroundDeletion } from "../background-deletion.js";
import type { KubernetesCluster } from "../cluster/kubernetes-cluster.js";
import { kubernetesProvider } from "../cluster/kubernetes-provider.js";
import { inProject } from "../in-project.js";
import type { Names } from "../names.js";
import { type DnsServers, podsOf } from "../network/peers.js";
import { namespaces } from "../platform/releases.js";
import type { Images } from "../released-images.js";
import type { Settings } from "../settings/schema.js";
import type { Secrets } from "../settings/secrets.js";
import { Delivery } from "./delivery.js";
import type { Places } from "./places-files.js";
import type { FeedValues, Values } from "./values.js";

export interface WorkloadsArgs {
  readonly names: Names;
  readonly settings: Settings;
  /** What runs: settings.image, or what was released since. */
  readonly images: Images;
  readonly secrets: Secrets;
  /** Places to import, if the settings name files. */
  readonly places: Places | undefined;
  readonly cluster: KubernetesCluster;
  readonly dns: DnsServers;
  /** The Secrets with which pods connect to the database. */
  readonly access: Access;
  /** PEM of the certificate authorities of the database. */
  readonly authorities: pulumi.Output<string>;
  readonly namespace: pulumi.Input<string>;
  /** What must be there before a Rollout is made. */
  readonly rollouts: readonly pulumi.Resource[];
}

/**
 * The API, ingest and upkeep: charts/ratesapp with the values of the stack. The autoscaler decides how many API pods
 * run.
 */
export class Workloads extends pulumi.ComponentResource {
  /** Address inside the cluster. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: WorkloadsArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:workloads:Workloads", name, {}, options);
    const { access, namespace, names } = args;
    const values = this.#values(args);
    const definition = this.#feedDefinition(args.cluster);
    const chart = new kubernetes.helm.v4.Chart(
      names.release,
      {
        chart: inProject("charts/ratesapp"),
        name: names.release,
        namespace,
        values: { ...values },
        skipCrds: true,
      },
      { parent: this, dependsOn: [access, definition] },
    );
    // After the operator: a Feed that retracts its prices at its end needs it until then.
    for (const [feed, spec] of Object.entries(values.feeds)) {
      this.#feed(feed, spec, namespace, [definition, chart]);
    }
    if (args.settings.delivery.strategy !== "rolling") {
      new Delivery("delivery", args, { parent: this, dependsOn: [chart, ...args.rollouts] });
    }
    this.url = pulumi.interpolate`http://${names.release}.${namespace}.svc`;
    this.registerOutputs();
  }

  #feed(name: string, spec: FeedValues, namespace: pulumi.Input<string>, dependsOn: pulumi.Resource[]): void {
    const labels = { "app.kubernetes.io/name": "ratesapp", "app.kubernetes.io/component": "ingest" };
    new kubernetes.apiextensions.CustomResource(
      name,
      {
        apiVersion: "feeds.ratesapp.dev/v1",
        kind: "Feed",
        metadata: { name, namespace, labels, annotations: backgroundDeletion },
        spec,
      },
      { parent: this, dependsOn },
    );
  }

  /**
   * What a Feed is. The whole cluster shares it, so it stays when the stack goes: without it, the Feeds of all other
   * stacks would be deleted. A stack that comes takes it over, and the newest release wins.
   */
  #feedDefinition({ access }: KubernetesCluster): kubernetes.apiextensions.v1.CustomResourceDefinition {
    return new kubernetes.apiextensions.v1.CustomResourceDefinition(
      "feeds",
      feedDefinition() as unknown as kubernetes.apiextensions.v1.CustomResourceDefinitionArgs,
      {
        parent: this,
        retainOnDelete: true,
        provider: kubernetesProvider("feeds-definition", { ...access, upsertExistingObjects: true }, { parent: this }),
      },
    );
  }

  #values(args: WorkloadsArgs): Values {
    const { access, authorities, cluster, dns, images, names, namespace, places, secrets, settings } = args;
    const { api, compaction, database, delivery, feeds, logLevel } = settings;
    const { replicaLagSeconds: _, ...alarms } = settings.alarms;
    const monitored = settings.platform.prometheus !== "absent";
    const { cpuPercent, maxReplicas, minReplicas, scaleDownWaitSeconds } = api;
    const url = (secretName: pulumi.Input<string>) => ({ secretName, key: "url" });
    const tokens = this.#writeTokens(namespace, secrets);
    return {
      image: images.servers,
      logLevel,
      database: {
        owner: url(access.secretNames.owner),
        ingest: url(access.secretNames.ingest),
        api: url(access.secretNames.api),
        ca: { configMapName: this.#authorities(names.release, namespace, authorities) },
        revision: access.revision,
      },
      ...(tokens && { writeTokens: { secretName: tokens, key: "tokens" } }),
      api: {
        autoscaling: { minReplicas, maxReplicas, cpuPercent, scaleDownWaitSeconds },
        delivery: delivery.strategy,
        preStopSeconds: api.preStopSeconds,
        topologySpread: { zones: database.zones === "required" ? "DoNotSchedule" : "ScheduleAnyway" },
        resources: api.resources,
        settings: { ...api.settings, statementTimeoutMs: api.statementTimeoutMs },
      },
      ingest: { image: images.ingest },
      ...this.#places(namespace, places, settings),
      feeds: Object.fromEntries(
        Object.entries(feeds).map(([name, feed]) => [
          name,
          { ...feed, ...this.#feedCredentials(namespace, name, secrets) },
        ]),
      ),
      createFeeds: false,
      compaction,
      networkPolicy: {
        addressFamilies: settings.cluster.addressFamilies,
        api: { from: api.from ?? [{ namespaceSelector: {} }, ...cluster.loadBalancers] },
        admin: { from: [podsOf(namespaces.prometheus)] },
        dns,
        database: { to: [podsOf(names.database)] },
        kubernetesApi: { ports: settings.cluster.apiServerPorts },
      },
      ingress: ingressValues(api.ingress, cluster),
      // A bad version is to be seen within seconds.
      podMonitor: { enabled: monitored, ...(delivery.strategy !== "rolling" && { intervalSeconds: 5 }) },
      alarms: { enabled: monitored, ...alarms },
    };
  }

  /**
   * Puts the places into a ConfigMap of this program. It has room for four times as much as the values of the chart.
   */
  #places(namespace: pulumi.Input<string>, data: Places | undefined, { places }: Settings): Pick<Values, "places"> {
    if (data) {
      // The name depends on the content, so that the chart makes a new Job for changed places.
      const hash = createHash("sha256").update(JSON.stringify(data)).digest("hex").slice(0, 10);
      const args = { metadata: { name: `ratesapp-places-${hash}`, namespace }, immutable: true, data: { ...data } };
      const files = new kubernetes.core.v1.ConfigMap("places", args, { parent: this });
      return { places: { configMapName: files.metadata.name } };
    }
    return typeof places === "object" && !("ports" in places) ? { places } : {};
  }

  #authorities(release: string, namespace: pulumi.Input<string>, pem: pulumi.Output<string>): pulumi.Output<string> {
    const args = { metadata: { name: `${release}-database-ca`, namespace }, data: { "ca.crt": pem } };
    return new kubernetes.core.v1.ConfigMap("database-ca", args, { parent: this }).metadata.name;
  }

  #writeTokens(namespace: pulumi.Input<string>, { writeTokens }: Secrets): pulumi.Output<string> | undefined {
    if (!writeTokens) return undefined;
    const lines = writeTokens.apply((all) =>
      Object.entries(all)
        .map(([client, hash]) => `${client}:${hash}\n`)
        .join(""),
    );
    const args = { metadata: { name: "ratesapp-write-tokens", namespace }, stringData: { tokens: lines } };
    return new kubernetes.core.v1.Secret("write-tokens", args, { parent: this }).metadata.name;
  }

  #feedCredentials(namespace: pulumi.Input<string>, feed: string, { feedCredentials }: Secrets) {
    const stringData = feedCredentials.get(feed);
    if (!stringData) return {};
    const args = { metadata: { name: `ratesapp-feed-${feed}`, namespace }, stringData };
    const secret = new kubernetes.core.v1.Secret(`feed-${feed}`, args, { parent: this });
    return { credentialsSecretName: secret.metadata.name };
  }
}

function ingressValues(
  given: Settings["api"]["ingress"],
  { ingressAnnotations, ingressClass }: KubernetesCluster,
): Values["ingress"] {
  if (!given) return { enabled: false };
  const { annotations, className, host, tlsSecretName } = given;
  const chosen = className ?? ingressClass;
  return {
    enabled: true,
    host,
    annotations: { ...(className === undefined && ingressAnnotations), ...annotations },
    ...(chosen !== undefined && { className: chosen }),
    ...(tlsSecretName !== undefined && { tlsSecretName }),
  };
}
