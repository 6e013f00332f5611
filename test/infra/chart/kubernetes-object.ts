import type {
  KubernetesObject as AnyObject,
  V1Container,
  V1CronJob,
  V1Deployment,
  V1Job,
  V1JobSpec,
  V1LabelSelector,
  V1PodSpec,
} from "@kubernetes/client-node";

/** An object as it is applied. */
export type KubernetesObject = AnyObject;

/** A pod that an object of the release makes. */
export interface PodTemplate {
  /** Kind and name of what makes it. */
  readonly owner: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: V1PodSpec;
}

export function nameOf(object: KubernetesObject): string {
  return `${object.kind} ${object.metadata?.name}`;
}

export function ofKind<T extends KubernetesObject>(objects: readonly KubernetesObject[], kind: string): T[] {
  return objects.filter((object) => object.kind === kind) as T[];
}

/** Jobs, and what CronJobs make, by the name of their owner. */
export function jobsOf(objects: readonly KubernetesObject[]): (readonly [string, V1JobSpec])[] {
  return [
    ...ofKind<V1Job>(objects, "Job").map((job) => [nameOf(job), present(job.spec)] as const),
    ...ofKind<V1CronJob>(objects, "CronJob").map(
      (cronJob) => [nameOf(cronJob), present(cronJob.spec?.jobTemplate.spec)] as const,
    ),
  ];
}

export function podsOf(objects: readonly KubernetesObject[]): PodTemplate[] {
  return [
    ...ofKind<V1Deployment>(objects, "Deployment").map((it) => [nameOf(it), present(it.spec?.template)] as const),
    ...jobsOf(objects).map(([owner, job]) => [owner, job.template] as const),
  ].map(([owner, template]) => ({
    owner,
    labels: template.metadata?.labels ?? {},
    annotations: template.metadata?.annotations ?? {},
    spec: present(template.spec),
  }));
}

export function containersOf(pod: PodTemplate): (readonly [string, V1Container])[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(
    (container) => [`${pod.owner}, container ${container.name}`, container] as const,
  );
}

/** True if a selector by labels takes the pod; one without conditions takes every pod. */
export function selects(selector: V1LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}

export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the object lacks a part that it cannot be without");
  return value;
}
