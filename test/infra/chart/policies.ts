import type {
  V1ClusterRole,
  V1CronJob,
  V1Deployment,
  V1NetworkPolicy,
  V1PodDisruptionBudget,
  V1Role,
  V1RoleBinding,
  V2HorizontalPodAutoscaler,
} from "@kubernetes/client-node";
import {
  containersOf,
  jobsOf,
  type KubernetesObject,
  nameOf,
  ofKind,
  type PodTemplate,
  podsOf,
  selects,
} from "./kubernetes-object.js";

const COMPONENT = "app.kubernetes.io/component";

/** Looks at all objects of a release; one line for each offence. */
export type Policy = (objects: readonly KubernetesObject[]) => string[];

/** What must hold whatever the values are. */
export const policies: Readonly<Record<string, Policy>> = {
  "images have a version": (objects) =>
    eachContainer(objects, (name, { image = "" }) => {
      const version = /^[^@]+(?:@sha256:[0-9a-f]{64}|:(?<tag>[\w.-]+))$/.exec(image);
      return version === null || version.groups?.tag === "latest" ? [`${name}: image ${image}`] : [];
    }),

  "containers request and are limited": (objects) =>
    eachContainer(objects, (name, { resources }) =>
      (["requests", "limits"] as const).flatMap((kind) =>
        (["cpu", "memory"] as const)
          .filter((resource) => !resources?.[kind]?.[resource])
          .map((resource) => `${name}: no ${resource} in ${kind}`),
      ),
    ),

  "pods pass the restricted Pod Security Standard": (objects) => [
    ...podsOf(objects).flatMap(({ owner, spec }) => [
      ...(spec.securityContext?.runAsNonRoot === true ? [] : [`${owner}: may run as root`]),
      ...(spec.securityContext?.seccompProfile?.type === "RuntimeDefault" ? [] : [`${owner}: no seccomp profile`]),
      ...(spec.hostNetwork || spec.hostPID || spec.hostIPC ? [`${owner}: shares a namespace with its host`] : []),
      ...(spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => `${owner}: host path ${name}`),
    ]),
    ...eachContainer(objects, (name, { securityContext: context }) => [
      ...(context?.allowPrivilegeEscalation === false ? [] : [`${name}: may gain privileges`]),
      ...(context?.capabilities?.drop?.includes("ALL") && !context.capabilities.add ? [] : [`${name}: capabilities`]),
      ...(context?.readOnlyRootFilesystem === true ? [] : [`${name}: may write to its image`]),
      ...(context?.privileged ? [`${name}: privileged`] : []),
    ]),
  ],

  "the operator alone can speak to the Kubernetes API, and reads no Secret": (objects) => [
    ...podsOf(objects)
      .filter(({ labels, spec }) => spec.automountServiceAccountToken !== (labels[COMPONENT] === "operator"))
      .map(({ owner }) => `${owner}: mounts a token, or lacks one`),
    ...ofKind<V1Role>(objects, "Role").flatMap((role) =>
      (role.rules ?? [])
        .filter(({ resources, verbs }) => [...(resources ?? []), ...verbs].some((it) => it === "*" || it === "secrets"))
        .map(() => `${nameOf(role)}: reads Secrets`),
    ),
    // A ClusterRole here adds rights on Feeds to those of Kubernetes' own, and is bound to no one.
    ...ofKind<V1ClusterRole>(objects, "ClusterRole")
      .filter(({ rules }) => rules?.some(({ resources }) => resources?.join() !== "feeds"))
      .map(nameOf),
    ...objects.filter(({ kind }) => kind === "ClusterRoleBinding").map(nameOf),
    ...ofKind<V1RoleBinding>(objects, "RoleBinding")
      .filter(({ subjects }) => subjects?.some(({ name }) => !name.endsWith("-operator")) ?? true)
      .map(nameOf),
  ],

  "a service account of the release is used": (objects) => {
    const accounts = new Set(ofKind(objects, "ServiceAccount").map(({ metadata }) => metadata?.name));
    return podsOf(objects)
      .filter(({ spec }) => !accounts.has(spec.serviceAccountName))
      .map(({ owner, spec }) => `${owner}: ${spec.serviceAccountName}`);
  },

  "several replicas have a disruption budget, zones, and a release without loss": (objects) =>
    ofKind<V1Deployment>(objects, "Deployment").flatMap((deployment) => {
      const name = nameOf(deployment);
      const spec = deployment.spec;
      const labels = spec?.template.metadata?.labels ?? {};
      const autoscaler = ofKind<V2HorizontalPodAutoscaler>(objects, "HorizontalPodAutoscaler").find(
        (it) => it.spec?.scaleTargetRef.name === deployment.metadata?.name,
      );
      const budgets = ofKind<V1PodDisruptionBudget>(objects, "PodDisruptionBudget").filter((it) =>
        selects(it.spec?.selector, labels),
      );
      const spread = (spec?.template.spec?.topologySpreadConstraints ?? []).map((it) => it.topologyKey);
      const replicas = autoscaler?.spec?.minReplicas ?? spec?.replicas ?? 1;
      return [
        ...(autoscaler && spec?.replicas !== undefined ? [`${name}: replicas are the autoscaler's`] : []),
        ...(replicas > 1 && budgets.length !== 1 ? [`${name}: ${budgets.length} disruption budgets`] : []),
        ...(budgets.some((it) => it.spec?.maxUnavailable !== 1) ? [`${name}: cannot be drained, or all at once`] : []),
        ...["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
          .filter((key) => !spread.includes(key))
          .map((key) => `${name}: not spread by ${key}`),
        ...(spec?.strategy?.rollingUpdate?.maxUnavailable === 0 ? [] : [`${name}: a release takes pods away`]),
      ];
    }),

  "every pod is denied what is not allowed": (objects) => {
    const policies = ofKind<V1NetworkPolicy>(objects, "NetworkPolicy");
    return podsOf(objects).flatMap((pod) =>
      ["Ingress", "Egress"]
        .filter(
          (direction) =>
            !policies.some(
              ({ spec }) => spec?.policyTypes?.includes(direction) && selects(spec.podSelector, pod.labels),
            ),
        )
        .map((direction) => `${pod.owner}: ${direction} is open`),
    );
  },

  "every container's port is named in a network policy": (objects) =>
    podsOf(objects).flatMap((pod) => {
      const allowed = allowedPorts(objects, pod);
      return containersOf(pod).flatMap(([name, { ports = [] }]) =>
        ports
          .filter(({ containerPort }) => !allowed.includes(containerPort))
          .map(({ containerPort }) => `${name}: port ${containerPort}`),
      );
    }),

  "no secret stands in plain text": (objects) =>
    eachContainer(objects, (name, { env = [], args = [], command = [] }) => [
      ...env.filter(({ value = "" }) => holdsPassword(value)).map((it) => `${name}: variable ${it.name}`),
      ...env
        .filter(({ name, value }) => /PASSWORD|SECRET|ACCESS_KEY|TOKEN$/.test(name) && value !== undefined)
        .map((it) => `${name}: variable ${it.name}`),
      ...[...command, ...args].filter(holdsPassword).map((it) => `${name}: argument ${it}`),
    ]),

  "jobs end": (objects) =>
    jobsOf(objects).flatMap(([name, job]) => [
      ...((job.activeDeadlineSeconds ?? 0) > 0 ? [] : [`${name}: no deadline`]),
      ...(job.backoffLimit === undefined ? [`${name}: no backoff limit`] : []),
      ...(job.template.spec?.restartPolicy === "Never" ? [] : [`${name}: a failure's log would be lost`]),
      ...(job.ttlSecondsAfterFinished === undefined ? [] : [`${name}: a job that is gone would run again`]),
    ]),

  "scheduled jobs do not overlap or pile up": (objects) =>
    ofKind<V1CronJob>(objects, "CronJob").flatMap((cronJob) => {
      const name = nameOf(cronJob);
      const { spec } = cronJob;
      return [
        ...(spec?.concurrencyPolicy === "Forbid" ? [] : [`${name}: runs may overlap`]),
        ...(spec?.successfulJobsHistoryLimit && spec.failedJobsHistoryLimit ? [] : [`${name}: no history limits`]),
        ...(spec?.timeZone ? [] : [`${name}: no time zone`]),
        ...((spec?.startingDeadlineSeconds ?? 0) >= 60 ? [] : [`${name}: a missed run is lost`]),
        ...((cronJob.metadata?.name?.length ?? 0) <= 52 ? [] : [`${name}: the name is too long for its jobs`]),
      ];
    }),

  "there are no Helm hooks": (objects) =>
    objects
      .filter((it) => Object.keys(it.metadata?.annotations ?? {}).some((key) => key.startsWith("helm.sh/")))
      .map(nameOf),

  "objects carry the standard labels, and names are names": (objects) =>
    objects.flatMap((object) => [
      // A new image changes no object that does not run it: a release needs no right to.
      ...["name", "instance", "component", "part-of", "managed-by", ...(runsPods(object) ? ["version"] : [])]
        .filter((label) => !object.metadata?.labels?.[`app.kubernetes.io/${label}`])
        .map((label) => `${nameOf(object)}: no label ${label}`),
      ...Object.entries(object.metadata?.labels ?? {})
        .filter(([, value]) => !/^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/.test(value))
        .map(([label, value]) => `${nameOf(object)}: label ${label} is ${value}`),
      ...(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(object.metadata?.name ?? "") ? [] : [nameOf(object)]),
    ]),

  "an autoscaler scales what there is": (objects) =>
    ofKind<V2HorizontalPodAutoscaler>(objects, "HorizontalPodAutoscaler")
      .filter(({ spec }) => {
        const { kind, name } = spec?.scaleTargetRef ?? {};
        // A Rollout is made beside the chart, with the template of the Deployment of its name.
        const known = kind === "Deployment" || kind === "Rollout";
        return !known || !ofKind(objects, "Deployment").some(({ metadata }) => metadata?.name === name);
      })
      .map(nameOf),

  "no object stands twice": (objects) => {
    const names = objects.map(nameOf);
    return names.filter((name, index) => names.indexOf(name) !== index);
  },
};

const runsPods = ({ kind = "" }: KubernetesObject): boolean => ["Deployment", "Job", "CronJob"].includes(kind);

function eachContainer(
  objects: readonly KubernetesObject[],
  check: (...container: ReturnType<typeof containersOf>[number]) => string[],
): string[] {
  return podsOf(objects).flatMap((pod) => containersOf(pod).flatMap((container) => check(...container)));
}

function allowedPorts(objects: readonly KubernetesObject[], pod: PodTemplate): (number | string | undefined)[] {
  return ofKind<V1NetworkPolicy>(objects, "NetworkPolicy")
    .filter(({ spec }) => selects(spec?.podSelector, pod.labels))
    .flatMap(({ spec }) => spec?.ingress ?? [])
    .flatMap(({ ports }) => (ports ?? []).map(({ port }) => port));
}

function holdsPassword(text: string): boolean {
  // $(NAME) is another variable's value, which only the pod comes to know.
  return /:\/\/[^/@\s]*:(?!\$\(\w+\)@)[^/@\s]+@/.test(text);
}
