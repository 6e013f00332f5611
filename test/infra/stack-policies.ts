import type {
  V1CronJob,
  V1Deployment,
  V1NetworkPolicy,
  V1NetworkPolicyIngressRule,
  V1NetworkPolicyPeer,
  V1PodDisruptionBudget,
  V1Role,
} from "@kubernetes/client-node";
import yaml from "js-yaml";
import { type KubernetesObject, nameOf, ofKind, selects } from "./chart/kubernetes-object.js";
import { PASSWORD, type Rendered, SECRET } from "./render.js";

/** Looks at all resources of a stack; one line for each offence. */
export type StackPolicy = (resources: readonly Rendered[]) => string[];

/** What must hold in staging and production, beside the chart's own policies. */
export const stackPolicies: Readonly<Record<string, StackPolicy>> = {
  "images have a version": (resources) =>
    [
      ...databases(resources).map((it) => [nameOf(it), it.spec.imageName] as const),
      ...poolers(resources).map((it) => [nameOf(it), pgbouncer(it)?.image] as const),
    ]
      // `17-standard-trixie` is another image next month.
      .filter(([, image = ""]) => !/:\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$/.test(image))
      .map(([name, image]) => `${name}: image ${image}`),

  "the database has what it requests, and poolers are limited": (resources) => [
    ...databases(resources)
      .filter(({ spec: { resources: given } }) => !given?.requests || !equal(given.requests, given.limits))
      .map((it) => `${nameOf(it)}: not Guaranteed`),
    ...ofKind<ObjectStore>(objectsOf(resources), "ObjectStore")
      .map((it) => [nameOf(it), it.spec.instanceSidecarConfiguration?.resources] as const)
      .filter(([, given]) => !given?.requests || !equal(given.requests, given.limits))
      .map(([name]) => `${name}: its container is not Guaranteed`),
    ...poolers(resources).flatMap((it) =>
      ["requests.cpu", "requests.memory", "limits.cpu", "limits.memory"]
        .filter((path) => at(pgbouncer(it)?.resources, path) === undefined)
        .map((path) => `${nameOf(it)}: no ${path}`),
    ),
  ],

  "namespaces enforce restricted pods": (resources) =>
    [...objectsOf(resources), ...manifestsOf(resources)]
      .filter(({ kind, metadata }) => kind === "Namespace" && metadata?.name !== "monitoring")
      .filter(({ metadata }) => metadata?.labels?.["pod-security.kubernetes.io/enforce"] !== "restricted")
      .map(nameOf),

  "everything stands at least twice, with a disruption budget": (resources) => {
    const budgets = ofKind<V1PodDisruptionBudget>(objectsOf(resources), "PodDisruptionBudget");
    return [
      ...databases(resources).flatMap((it) => [
        ...(it.spec.instances >= 3 ? [] : [`${nameOf(it)}: ${it.spec.instances} instances`]),
        ...(it.spec.enablePDB ? [] : [`${nameOf(it)}: no disruption budget`]),
      ]),
      ...poolers(resources).flatMap((it) => [
        ...(it.spec.instances >= 2 ? [] : [`${nameOf(it)}: ${it.spec.instances} instances`]),
        ...(budgets.some(({ spec }) => selects(spec?.selector, { "cnpg.io/poolerName": it.metadata?.name ?? "" }))
          ? []
          : [`${nameOf(it)}: no disruption budget`]),
      ]),
      ...charts(resources)
        .filter(({ values }) => Number(at(values, "api.autoscaling.minReplicas")) < 2)
        .map(({ name }) => `${name}: fewer than 2 API pods`),
    ];
  },

  "everything is spread over zones": (resources) => [
    ...databases(resources)
      .filter(
        ({ spec: { affinity } }) =>
          affinity?.podAntiAffinityType !== "required" || affinity.topologyKey !== "topology.kubernetes.io/zone",
      )
      .map((it) => `${nameOf(it)}: instances may share a zone`),
    ...poolers(resources)
      .filter(
        ({ spec }) =>
          !spec.template.spec.topologySpreadConstraints?.some(
            ({ topologyKey, whenUnsatisfiable }) =>
              topologyKey === "topology.kubernetes.io/zone" && whenUnsatisfiable === "DoNotSchedule",
          ),
      )
      .map((it) => `${nameOf(it)}: not spread over zones`),
    ...charts(resources)
      .filter(({ values }) => at(values, "api.topologySpread.zones") !== "DoNotSchedule")
      .map(({ name }) => `${name}: API pods may share a zone`),
  ],

  "a new version is taken by a Rollout of the API's Deployment, which is checked, and which the autoscaler scales": (
    resources,
  ) => {
    const rollouts = ofKind<RolloutObject>(objectsOf(resources), "Rollout");
    const checks = ofKind(objectsOf(resources), "AnalysisTemplate").map(({ metadata }) => metadata?.name);
    return [
      ...(rollouts.length === 1 ? [] : [`${rollouts.length} Rollouts`]),
      ...charts(resources)
        .filter(({ values }) => !["canary", "blueGreen"].includes(String(at(values, "api.delivery"))))
        .map(({ name }) => `${name}: its Deployment replaces pods itself`),
      // The chart's autoscaler and Deployment have this name.
      ...rollouts
        .filter(({ metadata, spec }) => metadata?.name !== "ratesapp-api" || spec.workloadRef.name !== "ratesapp-api")
        .map((it) => `${nameOf(it)}: of another Deployment`),
      ...rollouts
        .filter(({ spec: { strategy } }) => {
          const analysis = strategy.canary?.analysis ?? strategy.blueGreen?.postPromotionAnalysis;
          return !analysis?.templates.every(({ templateName }) => checks.includes(templateName));
        })
        .map((it) => `${nameOf(it)}: not checked`),
      // Half of the requests, or more, would go to a version that is still being checked.
      ...rollouts
        .filter(({ spec }) => spec.strategy.canary?.steps.some(({ setWeight = 0 }) => setWeight >= 50))
        .map((it) => `${nameOf(it)}: half of the pods`),
    ];
  },

  "commits are on two disks, and a replica without them is not promoted": (resources) =>
    databases(resources)
      .filter(({ spec }) => {
        const { dataDurability, failoverQuorum, number } = spec.postgresql.synchronous ?? {};
        return dataDurability !== "required" || failoverQuorum !== true || number !== 1;
      })
      .map(nameOf),

  "the newest backup is tried on a schedule, by pods that read no Secret and run nothing in others": (resources) => {
    const objects = objectsOf(resources);
    const drills = ofKind<V1CronJob>(objects, "CronJob").filter(({ metadata }) => metadata?.name === "ratesapp-drill");
    return [
      ...(drills.length > 0 ? [] : ["no drill"]),
      ...ofKind<V1Role>(objects, "Role")
        .filter(({ metadata }) => metadata?.name === "ratesapp-drill")
        .flatMap(({ rules = [] }) => rules ?? [])
        .filter(
          ({ resourceNames, resources: may = [], verbs }) =>
            may.some((resource) => /^(secrets|pods\/(exec|attach|portforward)|\*)$/.test(resource)) ||
            (resourceNames === undefined && verbs.some((verb) => !/^(get|list|create)$/.test(verb))),
        )
        .map(({ resources: may, verbs }) => `the drill may ${verbs} ${may}`),
    ];
  },

  "no secret stands in plain text": (resources) => [
    ...resources
      .filter(({ inputs }) => JSON.stringify(inputs).includes(PASSWORD))
      .map(({ name, type }) => `${type} ${name}`),
    ...resources
      .filter(({ type }) => type === "kubernetes:core/v1:Secret")
      .filter(({ inputs: { data, stringData } }) =>
        [data, stringData].filter((part) => part !== undefined).some((part) => part !== SECRET),
      )
      .map(({ name }) => `Secret ${name}`),
    ...resources
      .filter(({ inputs }) => Object.entries(inputs).some(([key, value]) => /password/i.test(key) && value !== SECRET))
      .map(({ name, type }) => `${type} ${name}`),
  ],

  // Replaced, it would be another object, and none for a moment, in which no pod that reads it starts.
  "a changed Secret or ConfigMap is updated in place": (resources) => {
    const providers = resources.filter(({ type }) => type === "pulumi:providers:kubernetes");
    return [
      ...providers
        .filter(({ inputs }) => inputs.enableSecretMutable !== "true" || inputs.enableConfigMapMutable !== "true")
        .map(({ name }) => `provider ${name}`),
      // Without one of the program's it would have the default provider, which replaces.
      ...resources
        .filter(
          ({ provider, type }) => /^kubernetes:/.test(type) && !provider.includes("pulumi:providers:kubernetes::"),
        )
        .map(({ name, type }) => `${type} ${name}: the default provider`),
    ];
  },

  "what an operator would make again is deleted in the background": (resources) =>
    objectsOf(resources)
      .filter(({ apiVersion = "" }) => !KUBERNETES_GROUP.test(apiVersion.split("/")[0] ?? ""))
      .filter(({ kind = "" }) => !LEFT_ALONE.includes(kind))
      .filter(({ metadata }) => metadata?.annotations?.["pulumi.com/deletionPropagationPolicy"] !== "background")
      .map(nameOf),

  "the operator that promotes replicas stands twice, in two zones, and is replaced soon with what it needs": (
    resources,
  ) => {
    const objects = manifestsOf(resources);
    const budgets = ofKind<V1PodDisruptionBudget>(objects, "PodDisruptionBudget");
    const needed = ofKind<V1Deployment>(objects, "Deployment").filter(({ metadata }) => {
      const name = metadata?.name ?? "";
      return name === "cnpg-controller-manager" || name.includes("barman");
    });
    return [
      ...(needed.length > 0 ? [] : ["none is installed"]),
      ...needed
        .filter(({ spec }) => {
          const pod = spec?.template.spec;
          const isPlugin = JSON.stringify(spec?.selector).includes("barman");
          return !(
            // A second pod of the plugin would never become ready, and the rollout would never end.
            spec?.replicas === (isPlugin ? 1 : 2) &&
            pod?.priorityClassName === "system-cluster-critical" &&
            pod.tolerations?.every(({ tolerationSeconds }) => tolerationSeconds === 30) &&
            pod.topologySpreadConstraints?.some(({ topologyKey }) => topologyKey === "topology.kubernetes.io/zone") &&
            (isPlugin || budgets.some((it) => selects(it.spec?.selector, spec.selector.matchLabels ?? {})))
          );
        })
        .map(nameOf),
    ];
  },

  "the namespaces of operators that the stack installs are closed": (resources) => {
    const closed = ofKind<V1NetworkPolicy>(objectsOf(resources), "NetworkPolicy")
      .filter(({ spec }) => equal(spec?.podSelector, {}) && equal(spec?.policyTypes, ["Ingress", "Egress"]))
      .map(({ metadata }) => metadata?.namespace ?? "");
    return [...new Set(manifestsOf(resources).map(({ metadata }) => metadata?.namespace ?? ""))].filter(
      (namespace) => OPERATORS.includes(namespace) && !closed.includes(namespace),
    );
  },

  "API pods that do not write cannot reach an instance": (resources) =>
    ofKind<V1NetworkPolicy>(objectsOf(resources), "NetworkPolicy")
      .filter(({ metadata }) => metadata?.name === "instances")
      .filter(({ spec }) => (spec?.ingress ?? []).flatMap(sources).some(takesApiPods))
      .map(nameOf),

  "clients can verify every server of the database": (resources) =>
    databases(resources)
      .filter(({ metadata: { name } = {}, spec: { certificates } }) => {
        const names = certificates?.serverAltDNSNames ?? [];
        const hosts = poolers(resources)
          .filter(({ spec: { cluster } }) => cluster.name === name)
          .map(({ metadata }) => `${metadata?.name}.${metadata?.namespace}.svc`);
        return !certificates?.serverCASecret || !hosts.every((host) => names.includes(host));
      })
      .map(nameOf)
      .concat(
        charts(resources)
          .filter(({ values }) => !at(values, "database.ca.configMapName"))
          .map(({ name }) => name),
      ),

  "the database's namespace denies what is not listed, and lists every port": (resources) => {
    const policies = ofKind<V1NetworkPolicy>(objectsOf(resources), "NetworkPolicy");
    const denied = (direction: string) =>
      policies.some(
        ({ spec }) => equal(spec?.podSelector, {}) && spec?.policyTypes?.includes(direction) && !spec.ingress,
      );
    // The ports of the containers that CloudNativePG makes.
    const expected = { instance: [5432, 8000, 9187], pooler: [5432, 9127] };
    const listed = (podRole: string) =>
      policies
        .filter(({ metadata }) => metadata?.name === `${podRole}s`)
        .flatMap(({ spec }) => spec?.ingress ?? [])
        .flatMap(({ ports = [] }) => ports.map(({ port }) => port));
    return [
      ...["Ingress", "Egress"].filter((direction) => !denied(direction)).map((direction) => `${direction} is open`),
      ...Object.entries(expected).flatMap(([role, ports]) =>
        ports.filter((port) => !listed(role).includes(port)).map((port) => `${role}: port ${port}`),
      ),
    ];
  },

  "roles have no more than their purpose takes": (resources) => [
    ...resources
      .filter(({ type }) => type === "postgresql:index/role:Role")
      .filter(({ inputs }) => inputs.superuser || inputs.createRole || inputs.createDatabase || inputs.replication)
      .map(({ name }) => `role ${name}`),
    ...resources
      .filter(({ type }) => /postgresql:index\/(grant:Grant|defaultPrivileges:DefaultPrivileges)/.test(type))
      .filter(
        ({ inputs }) => inputs.role === "ratesapp_api" && ["table", "sequence"].includes(String(inputs.objectType)),
      )
      .filter(({ inputs }) => !equal(inputs.privileges, ["SELECT"]))
      .map(({ name }) => `the API may ${name}`),
  ],
};

/** What must hold in production alone. */
export const productionPolicies: Readonly<Record<string, StackPolicy>> = {
  "what holds data is protected against deletion": (resources) => {
    const holdsData = /:(Cluster|Bucket|Key|Repository)$|core\/v1:Namespace$/;
    return resources
      .filter(
        ({ inputs, name, type }) =>
          holdsData.test(type) && !/^(prometheus|argo-rollouts|workloads)$/.test(name) && inputs,
      )
      .filter(({ protect }) => !protect)
      .map(({ name, type }) => `${type} ${name}`);
  },

  // Kubernetes deletes with a definition every object of its kind: other stacks' databases too.
  "the operators' definitions outlive the stack": (resources) =>
    resources
      .filter(({ retainOnDelete, type }) => type.endsWith(":CustomResourceDefinition") && !retainOnDelete)
      .map(({ name }) => name),

  "backups are taken and kept": (resources) => [
    ...databases(resources)
      .filter(
        ({ spec }) => !spec.backup?.barmanObjectStore && !spec.plugins?.some(({ isWALArchiver }) => isWALArchiver),
      )
      .map((it) => `${nameOf(it)}: no archive`),
    ...(ofKind(objectsOf(resources), "ScheduledBackup").length > 0 ? [] : ["no scheduled backup"]),
    ...resources
      .filter(({ inputs, type }) => type === "aws:s3/bucket:Bucket" && inputs.forceDestroy !== false)
      .map(({ name }) => `bucket ${name} may be destroyed with its content`),
  ],

  "a disk outlives its claim": (resources) =>
    ofKind<KubernetesObject & { reclaimPolicy?: string }>(objectsOf(resources), "StorageClass")
      .filter(({ reclaimPolicy }) => reclaimPolicy !== "Retain")
      .map(nameOf),
};

/** Namespaces of operators whose releases are one manifest each. */
const OPERATORS: readonly string[] = ["cnpg-system", "cert-manager", "argo-rollouts"];

/** Objects of the manifests that the stack installs. */
const manifestsOf = (resources: readonly Rendered[]): KubernetesObject[] =>
  resources
    .filter(({ type }) => type === "kubernetes:yaml/v2:ConfigGroup")
    .flatMap(({ inputs }) => yaml.loadAll(String(inputs.yaml)) as (KubernetesObject | null)[])
    .filter((object) => object !== null);

/** Peers of a rule as it is written; the type of the client library has another name for it. */
const sources = (rule: V1NetworkPolicyIngressRule): V1NetworkPolicyPeer[] =>
  (rule as { readonly from?: V1NetworkPolicyPeer[] }).from ?? [];

function takesApiPods({ namespaceSelector, podSelector }: V1NetworkPolicyPeer): boolean {
  const namespace = namespaceSelector?.matchLabels?.["kubernetes.io/metadata.name"];
  const component = podSelector?.matchExpressions?.find(({ key }) => key === "app.kubernetes.io/component");
  if (namespace === undefined || !/^ratesapp-(?!.*-database$)/.test(namespace)) return false;
  return component ? (component.values ?? []).includes("api") : true;
}

/** Groups whose controllers leave alone what is being deleted. */
const KUBERNETES_GROUP = /^(v1|apps|autoscaling|batch|policy)$|\.k8s\.io$/;
/** Custom resources that own nothing, or whose controllers make nothing for one that is going (Karpenter's). */
const LEFT_ALONE = [
  "AlertmanagerConfig",
  "IngressClassParams",
  "NodeClass",
  "NodePool",
  "ObjectStore",
  "PodMonitor",
  "PrometheusRule",
  "ScheduledBackup",
];

interface DatabaseObject extends KubernetesObject {
  readonly spec: {
    readonly instances: number;
    readonly imageName: string;
    readonly enablePDB: boolean;
    readonly certificates?: { readonly serverCASecret: string; readonly serverAltDNSNames: readonly string[] };
    readonly resources?: { readonly requests: object; readonly limits: object };
    readonly affinity?: { readonly podAntiAffinityType: string; readonly topologyKey: string };
    readonly postgresql: {
      readonly synchronous?: {
        readonly dataDurability: string;
        readonly failoverQuorum: boolean;
        readonly number: number;
      };
    };
    readonly backup?: { readonly barmanObjectStore?: object };
    readonly plugins?: readonly { readonly isWALArchiver: boolean }[];
  };
}

interface Analysis {
  readonly templates: readonly { readonly templateName: string }[];
}

interface RolloutObject extends KubernetesObject {
  readonly spec: {
    readonly workloadRef: { readonly name: string };
    readonly strategy: {
      readonly canary?: { readonly steps: readonly { readonly setWeight?: number }[]; readonly analysis: Analysis };
      readonly blueGreen?: { readonly postPromotionAnalysis: Analysis };
    };
  };
}

interface ObjectStore extends KubernetesObject {
  readonly spec: {
    readonly instanceSidecarConfiguration?: {
      readonly resources: { readonly requests: object; readonly limits: object };
    };
  };
}

interface PoolerObject extends KubernetesObject {
  readonly spec: {
    readonly cluster: { readonly name: string };
    readonly instances: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly name: string; readonly image: string; readonly resources: object }[];
        readonly topologySpreadConstraints?: readonly {
          readonly topologyKey: string;
          readonly whenUnsatisfiable: string;
        }[];
      };
    };
  };
}

/** Objects that are registered one by one. */
export const objectsOf = (resources: readonly Rendered[]): KubernetesObject[] =>
  resources.filter(({ inputs }) => inputs.kind !== undefined).map(({ inputs }) => inputs as KubernetesObject);

const databases = (resources: readonly Rendered[]): DatabaseObject[] =>
  ofKind<DatabaseObject>(objectsOf(resources), "Cluster");

const poolers = (resources: readonly Rendered[]): PoolerObject[] =>
  ofKind<PoolerObject>(objectsOf(resources), "Pooler");

const pgbouncer = (pooler: PoolerObject) =>
  pooler.spec.template.spec.containers.find(({ name }) => name === "pgbouncer");

/** Releases of the chart, with their values. */
export const charts = (resources: readonly Rendered[]) =>
  resources
    .filter(({ name, type }) => type === "kubernetes:helm.sh/v4:Chart" && name === "ratesapp")
    .map(({ inputs, name }) => ({ name, values: inputs.values as Record<string, unknown> }));

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A value inside of objects and lists, by a path such as `rules.0.id`. */
export const at = (tree: unknown, path: string): unknown =>
  path.split(".").reduce((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], tree);
