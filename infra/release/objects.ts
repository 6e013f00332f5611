import type { V1Deployment, V1Job, V1Pod, V1PodTemplateSpec } from "@kubernetes/client-node";
import type { Resource } from "../../app/operator/kubernetes/kubernetes-api.js";
import type { KubernetesObject } from "../../app/operator/kubernetes/objects.js";

/** The kinds that a release reads. */
export const kinds = {
  deployments: { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments" },
  replicaSets: { apiVersion: "apps/v1", kind: "ReplicaSet", plural: "replicasets" },
  rollouts: { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", plural: "rollouts" },
  analysisRuns: { apiVersion: "argoproj.io/v1alpha1", kind: "AnalysisRun", plural: "analysisruns" },
  configMaps: { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps" },
} as const satisfies Record<string, Resource>;

/** Label of what belongs to one version, with the hash of its pod template. */
export const HASH = "rollouts-pod-template-hash";

export interface Deployment extends KubernetesObject {
  readonly spec: NonNullable<V1Deployment["spec"]>;
}

export interface ReplicaSet extends KubernetesObject {
  readonly spec: { readonly replicas?: number; readonly template: V1PodTemplateSpec };
  readonly status?: { readonly availableReplicas?: number };
}

export interface Pod extends KubernetesObject {
  readonly status?: V1Pod["status"];
}

export interface Job extends KubernetesObject {
  readonly spec?: V1Job["spec"];
  readonly status?: V1Job["status"];
}

export interface Rollout extends KubernetesObject {
  readonly spec: {
    readonly replicas?: number;
    readonly strategy: {
      readonly canary?: { readonly steps?: readonly { readonly setWeight?: number }[] };
      readonly blueGreen?: object;
    };
  };
  readonly status?: {
    readonly phase?: "Healthy" | "Progressing" | "Paused" | "Degraded";
    readonly message?: string;
    readonly availableReplicas?: number;
    readonly abort?: boolean;
    readonly currentPodHash?: string;
    readonly stableRS?: string;
    readonly currentStepIndex?: number;
    /** Generations that the controller has seen, as text. */
    readonly observedGeneration?: string;
    readonly workloadObservedGeneration?: string;
    readonly blueGreen?: { readonly activeSelector?: string };
  };
}

export interface AnalysisRun extends KubernetesObject {
  readonly spec: {
    readonly metrics: readonly { readonly name: string; readonly successCondition?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly metricResults?: readonly {
      readonly name: string;
      readonly phase: string;
      readonly message?: string;
      readonly measurements?: readonly { readonly phase: string; readonly value?: string; readonly message?: string }[];
    }[];
  };
}
