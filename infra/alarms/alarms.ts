import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Names } from "../names.js";
import type { Settings } from "../settings/schema.js";
import type { AlarmReceivers } from "../settings/secrets.js";
import { databaseRules } from "./database-rules.js";
import { routing } from "./routing.js";

export interface AlarmsArgs {
  readonly names: Names;
  readonly settings: Settings;
  readonly namespace: pulumi.Input<string>;
  /** Undefined if alarms are sent to no receiver; Prometheus shows them all the same. */
  readonly receivers: AlarmReceivers | undefined;
}

/**
 * Alarms on the database and on what it runs on, and who is told of all alarms of the stack. Everything is in the
 * namespace of the workloads, which all alarms name: routes of a namespace see its alarms only.
 */
export class Alarms extends pulumi.ComponentResource {
  constructor(name: string, args: AlarmsArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:alarms:Alarms", name, {}, options);
    const { names, namespace, receivers, settings } = args;
    const parent = { parent: this };
    new kubernetes.apiextensions.CustomResource(
      "database-rules",
      {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "PrometheusRule",
        metadata: { name: `${names.release}-database`, namespace },
        spec: { groups: databaseRules(names, settings) },
      },
      parent,
    );
    if (receivers) {
      const secret = new kubernetes.core.v1.Secret(
        "alarm-receivers",
        { metadata: { name: `${names.release}-alarm-receivers`, namespace }, stringData: receivers.addresses },
        parent,
      );
      new kubernetes.apiextensions.CustomResource(
        "alarm-routes",
        {
          apiVersion: "monitoring.coreos.com/v1alpha1",
          kind: "AlertmanagerConfig",
          metadata: { name: names.release, namespace },
          spec: routing(receivers.receivers, secret.metadata.name),
        },
        parent,
      );
    }
    this.registerOutputs();
  }
}
