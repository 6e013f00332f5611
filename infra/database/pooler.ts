import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { backgroundDeletion } from "../background-deletion.js";
import type { Settings } from "../settings/schema.js";

export interface PoolerArgs {
  readonly namespace: pulumi.Input<string>;
  /** The CloudNativePG Cluster, and its name when the Cluster is there. */
  readonly cluster: string;
  readonly made: pulumi.Input<string>;
  /** `ro` leads to the replicas, `r` to any instance. */
  readonly type: "ro" | "r";
  readonly settings: Settings["database"]["pooler"];
  readonly zones: Settings["database"]["zones"];
}

const IMAGE = "ghcr.io/cloudnative-pg/pgbouncer:1.25.1";

/** Name of the pooler's Service. It is also the value of the pods' label `cnpg.io/poolerName`. */
export const poolerName = (cluster: string, type: PoolerArgs["type"]): string => `${cluster}-pooler-${type}`;

/** PgBouncer in transaction mode. Hundreds of pods share a few dozen server connections. */
export class Pooler extends pulumi.ComponentResource {
  /** {@link poolerName}, when the pooler is there. */
  readonly name: pulumi.Output<string>;

  constructor(name: string, args: PoolerArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:database:Pooler", name, {}, options);
    const { cluster, made, namespace, settings, type, zones } = args;
    const labels = { "cnpg.io/poolerName": poolerName(cluster, type) };
    const pooler = new kubernetes.apiextensions.CustomResource(
      name,
      {
        apiVersion: "postgresql.cnpg.io/v1",
        kind: "Pooler",
        metadata: { name: labels["cnpg.io/poolerName"], namespace, annotations: backgroundDeletion },
        spec: {
          cluster: { name: made },
          type,
          instances: settings.instances,
          pgbouncer: {
            poolMode: "transaction",
            parameters: {
              max_client_conn: String(settings.clients),
              default_pool_size: String(settings.connections),
              // A prepared statement is prepared again on the server connection that a transaction gets.
              max_prepared_statements: "200",
              // node-postgres sends these when it connects. A shared connection cannot accept them, so the roles have
              // these limits.
              ignore_startup_parameters:
                "extra_float_digits,options,statement_timeout,lock_timeout,idle_in_transaction_session_timeout,query_timeout",
              // After a refused login, the pool waits this long before it tries the server again. With the default of
              // 15 s, a failover would take a minute, because one or two attempts always come too early.
              server_login_retry: "1",
              server_connect_timeout: "2",
              // A client gets an error while its request can still be retried on another database.
              query_wait_timeout: "5",
              // Replicas come and go. Only when connections end can the load move to a new replica.
              server_lifetime: "600",
              server_idle_timeout: "120",
              // If a server vanishes (as when its node loses power), the connection is given up after ten seconds.
              tcp_keepalive: "1",
              tcp_keepidle: "4",
              tcp_keepintvl: "2",
              tcp_keepcnt: "3",
              tcp_user_timeout: "10000",
            },
          },
          deploymentStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
          template: {
            spec: {
              // Clients still have connections when a pod is asked to end.
              terminationGracePeriodSeconds: 30,
              topologySpreadConstraints: [
                {
                  maxSkew: 1,
                  topologyKey: "topology.kubernetes.io/zone",
                  whenUnsatisfiable: zones === "required" ? "DoNotSchedule" : "ScheduleAnyway",
                  nodeTaintsPolicy: "Honor",
                  labelSelector: { matchLabels: labels },
                  matchLabelKeys: ["pod-template-hash"],
                },
              ],
              containers: [
                {
                  name: "pgbouncer",
                  image: IMAGE,
                  resources: {
                    requests: { cpu: "50m", memory: "64Mi" },
                    limits: { cpu: "500m", memory: "128Mi" },
                  },
                },
              ],
            },
          },
        },
      },
      { parent: this },
    );
    this.name = pooler.metadata.name;
    if (settings.instances > 1) {
      new kubernetes.policy.v1.PodDisruptionBudget(
        name,
        {
          metadata: { name: pooler.metadata.name, namespace },
          spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
        },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}
