import type { V1Ingress, V1Namespace } from "@kubernetes/client-node";
import { type KubernetesObject, nameOf, ofKind } from "./chart/kubernetes-object.js";
import type { Rendered } from "./render.js";
import { at, charts, objectsOf, type StackPolicy } from "./stack-policies.js";

/** What must hold where the program makes the cluster on AWS. */
export const awsPolicies: Readonly<Record<string, StackPolicy>> = {
  // EKS brings none, and an autoscaler without one keeps the number of pods that it finds.
  "an autoscaler has a source of metrics": (resources) => {
    const source = ofType(resources, "aws:eks/addon:Addon").some(({ addonName }) => addonName === "metrics-server");
    return charts(resources)
      .filter(({ values }) => at(values, "api.autoscaling") !== undefined && !source)
      .map(({ name }) => name);
  },

  "the API server is not open to all, a role administers it, and the account is named": (resources) => [
    ...ofType(resources, "eks:index:Cluster").flatMap(({ accessEntries, endpointPublicAccess, publicAccessCidrs }) => [
      ...(endpointPublicAccess === false || listed(publicAccessCidrs).some((cidr) => !cidr.endsWith("/0"))
        ? []
        : ["addresses of all the world, or none"]),
      ...listed(publicAccessCidrs)
        .filter((cidr) => cidr.endsWith("/0"))
        .map((cidr) => `open to ${cidr}`),
      ...(Object.keys((accessEntries as object | undefined) ?? {}).length > 0 ? [] : ["no access entry"]),
    ]),
    ...ofType(resources, "pulumi:providers:aws").flatMap(({ allowedAccountIds }) =>
      allowedAccountIds ? [] : ["any account"],
    ),
  ],

  "nodes have no public address": (resources) => [
    ...ofType(resources, "eks:index:Cluster").flatMap(({ publicSubnetIds }) =>
      publicSubnetIds === undefined ? [] : ["built-in nodes in public subnets"],
    ),
    ...ofKind<NodeClass>(objectsOf(resources), "NodeClass")
      .filter(({ spec: { subnetSelectorTerms } }) => {
        const chosen = ofType(resources, "aws:ec2/subnet:Subnet").filter(({ tags }) =>
          subnetSelectorTerms.some((term) => isSubset(term.tags, tags as Tags)),
        );
        const isPrivate = ({ tags }: Inputs) => (tags as Tags)["kubernetes.io/role/internal-elb"] === "1";
        return chosen.length !== 3 || !chosen.every(isPrivate);
      })
      .map(nameOf),
  ],

  "database nodes of two zones are never replaced at the same time": (resources) => {
    const pools = ofKind<NodePool>(objectsOf(resources), "NodePool");
    const ends = pools.map(({ spec }) => spec.template.spec.expireAfter);
    const windows = pools.map(({ spec }) => openHours(spec.disruption.budgets));
    const oneZone = ({ spec }: NodePool) =>
      spec.template.spec.requirements.some(
        ({ key, values }) => key === "topology.kubernetes.io/zone" && values.length === 1,
      );
    const hours = windows.flat();
    return [
      ...pools.filter((pool) => !oneZone(pool)).map((pool) => `${nameOf(pool)}: several zones`),
      ...(new Set(ends).size === 3 ? [] : [`lives of ${ends.join(", ")}`]),
      ...(new Set(hours).size === hours.length && hours.length >= 3 ? [] : [`hours ${windows.join(" | ")}`]),
    ];
  },

  "an image that has a tag is never removed": (resources) =>
    ofType(resources, "aws:ecr/lifecyclePolicy:LifecyclePolicy").flatMap(({ policy }) =>
      ((policy as { rules: { selection: { tagStatus: string } }[] }).rules ?? [])
        .filter(({ selection }) => selection.tagStatus !== "untagged")
        .map(({ selection }) => `rule for ${selection.tagStatus}`),
    ),

  "backups are reached over TLS alone, and cannot be destroyed": (resources) => {
    const policies = ofType(resources, "aws:s3/bucketPolicy:BucketPolicy");
    const locks = ofType(resources, "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration");
    const kept = ofType(resources, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").map((inputs) =>
      Number(at(inputs, "rules.0.noncurrentVersionExpiration.noncurrentDays")),
    );
    const locked = locks.map((inputs) => Number(at(inputs, "rule.defaultRetention.days")));
    return [
      ...(JSON.stringify(policies).includes('"aws:SecureTransport":"false"') ? [] : ["plain HTTP"]),
      ...(locked.length > 0 && locked.join() === kept.join() ? [] : [`locked ${locked}, kept ${kept} days`]),
    ];
  },

  "a load balancer knows a pod before it counts as ready, and takes no old TLS": (resources) =>
    charts(resources).flatMap(({ values }) => {
      const annotations = (at(values, "ingress.annotations") ?? {}) as Required<V1Ingress>["metadata"]["annotations"];
      const [namespace] = ofKind<V1Namespace>(objectsOf(resources), "Namespace").filter(
        ({ metadata }) => metadata?.name && !/database|monitoring|argo/.test(metadata.name),
      );
      const gate = namespace?.metadata?.labels?.["eks.amazonaws.com/pod-readiness-gate-inject"];
      return [
        ...(annotations?.["alb.ingress.kubernetes.io/target-type"] === "ip" && gate === "enabled" ? [] : ["no gate"]),
        ...(/TLS13-1-[23]/.test(annotations?.["alb.ingress.kubernetes.io/ssl-policy"] ?? "") ? [] : ["old TLS"]),
      ];
    }),

  "no alarm watches a part that EKS hides": (resources) =>
    resources
      .filter(({ name, type }) => type === "kubernetes:helm.sh/v4:Chart" && name === "prometheus")
      .flatMap(({ inputs }) =>
        ["kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler", "coreDns"].filter(
          (part) => at(inputs, `values.${part}.enabled`) !== false,
        ),
      ),
};

type Inputs = Readonly<Record<string, unknown>>;
type Tags = Readonly<Record<string, string>>;

interface NodeClass extends KubernetesObject {
  readonly spec: { readonly subnetSelectorTerms: readonly { readonly tags: Tags }[] };
}

interface NodePool extends KubernetesObject {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly expireAfter: string;
        readonly requirements: readonly { readonly key: string; readonly values: readonly string[] }[];
      };
    };
    readonly disruption: { readonly budgets: readonly Budget[] };
  };
}

interface Budget {
  readonly nodes: string;
  readonly schedule?: string;
  readonly duration?: string;
}

/** Hours of a day in which no budget allows zero nodes. */
function openHours(budgets: readonly Budget[]): number[] {
  const closed = budgets
    .filter(({ nodes }) => nodes === "0")
    .flatMap(({ duration = "24h", schedule = "0 0 * * *" }) => {
      const from = Number(schedule.split(" ")[1]);
      return Array.from({ length: Number.parseInt(duration, 10) }, (_, hour) => (from + hour) % 24);
    });
  return Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => !closed.includes(hour));
}

const ofType = (resources: readonly Rendered[], type: string): Inputs[] =>
  resources.filter((resource) => resource.type === type).map(({ inputs }) => inputs);

const listed = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

const isSubset = (part: Tags, whole: Tags): boolean =>
  Object.entries(part).every(([key, value]) => whole[key] === value);
