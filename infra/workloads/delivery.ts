import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { backgroundDeletion } from "../background-deletion.js";
import type { Names } from "../names.js";
import type { Settings } from "../settings/schema.js";
import { releaseNames, releaserRules } from "./releaser.js";
import { analysisSpec, rolloutSpec } from "./rollout.js";

export interface DeliveryArgs {
  readonly names: Names;
  readonly settings: Settings;
  readonly namespace: pulumi.Input<string>;
}

const LABELS = { "app.kubernetes.io/name": "ratesapp", "app.kubernetes.io/component": "api" };
const RBAC = "rbac.authorization.k8s.io";

/**
 * The Rollout that runs API pods, what it measures, and the right to release. They are not in the chart: its preview
 * would fail where the cluster does not know yet what a Rollout is.
 */
export class Delivery extends pulumi.ComponentResource {
  constructor(name: string, args: DeliveryArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:workloads:Delivery", name, {}, options);
    const { names, settings } = args;
    const rollout = { delivery: settings.delivery, minReplicas: settings.api.minReplicas, release: names.release };
    this.#releases(args);
    const analysis = this.#custom("AnalysisTemplate", args, analysisSpec(rollout, names.workloads), {});
    this.#custom(
      "Rollout",
      args,
      rolloutSpec(rollout),
      // The autoscaler decides after that.
      { ignoreChanges: ["spec.replicas"], dependsOn: analysis },
      // Its first pods: later versions are followed by `npm run release -- --follow`.
      { "pulumi.com/waitFor": "jsonpath={.status.phase}=Healthy" },
    );
    this.registerOutputs();
  }

  #custom(
    kind: "AnalysisTemplate" | "Rollout",
    { names, namespace }: DeliveryArgs,
    spec: object,
    options: pulumi.CustomResourceOptions,
    annotations: Readonly<Record<string, string>> = {},
  ): pulumi.Resource {
    const metadata = {
      name: `${names.release}-api`,
      namespace,
      labels: LABELS,
      annotations: { ...backgroundDeletion, ...annotations },
    };
    return new kubernetes.apiextensions.CustomResource(
      kind === "Rollout" ? "api" : "api-checks",
      { apiVersion: "argoproj.io/v1alpha1", kind, metadata, spec },
      { parent: this, ...options },
    );
  }

  /** Their content is not this program's: releases write it. */
  #releases({ names: { release }, namespace, settings: { delivery } }: DeliveryArgs): void {
    const { lease, record, role } = releaseNames(release);
    const metadata = (name: string) => ({ name, namespace, labels: LABELS });
    const options = { parent: this };
    new kubernetes.core.v1.ConfigMap("releases", { metadata: metadata(record) }, options);
    new kubernetes.coordination.v1.Lease("release", { metadata: metadata(lease) }, options);
    new kubernetes.rbac.v1.Role("releaser", { metadata: metadata(role), rules: releaserRules(release) }, options);
    if (delivery.releasers.length === 0) return;
    new kubernetes.rbac.v1.RoleBinding(
      "releaser",
      {
        metadata: metadata(role),
        roleRef: { apiGroup: RBAC, kind: "Role", name: role },
        subjects: delivery.releasers.map(({ kind, name, namespace: home }) => ({
          kind,
          name,
          ...(kind === "ServiceAccount" ? { namespace: home ?? namespace } : { apiGroup: RBAC }),
        })),
      },
      options,
    );
  }
}
