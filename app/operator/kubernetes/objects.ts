import type { V1CronJob, V1Job, V1LocalObjectReference, V1Pod } from "@kubernetes/client-node";

// Objects as JSON, with instants as text. The library's types have Dates instead.

/** What every object has. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Metadata;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly managedFields?: readonly ManagedFields[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: object;
}

export type PodTemplate = NonNullable<NonNullable<NonNullable<V1Job["spec"]>["template"]>>;

export interface CronJob extends KubernetesObject {
  readonly spec: NonNullable<V1CronJob["spec"]>;
  readonly status?: {
    readonly lastScheduleTime?: string;
    readonly lastSuccessfulTime?: string;
    readonly active?: readonly V1LocalObjectReference[];
  };
}

/** A CronJob without its spec. Its resource version shows whether the spec has changed. */
export type KnownCronJob = Omit<CronJob, "spec">;

export interface Job extends KubernetesObject {
  readonly spec?: V1Job["spec"];
  readonly status?: {
    readonly startTime?: string;
    readonly completionTime?: string;
    readonly active?: number;
    readonly failed?: number;
    readonly conditions?: readonly {
      type: string;
      status: string;
      reason?: string;
      message?: string;
      lastTransitionTime?: string;
    }[];
  };
}

export interface Pod extends KubernetesObject {
  readonly status?: Omit<NonNullable<V1Pod["status"]>, "startTime">;
}

/** The owner whose controller manages the object. */
export const controllerOf = ({ metadata }: KubernetesObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller);
