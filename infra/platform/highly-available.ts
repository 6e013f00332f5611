import yaml from "js-yaml";
import type { ManifestParts } from "./manifest-parts.js";

interface Deployment {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: { readonly spec: object };
  };
}

/** Seconds until the pod of a lost node is replaced, instead of the five minutes of Kubernetes. */
const TOLERATION_SECONDS = 30;

/**
 * The manifest with one or two pods for each Deployment. A pod whose node is lost is replaced after half a minute, also
 * where nodes are full. Of two pods, in two zones if there are two, one leads, and the other takes over within seconds.
 * Release manifests have one pod: with its node, replicas would stay without a primary for as long as Kubernetes takes
 * to replace it, which is minutes, and longer if no other node has room.
 */
export function highlyAvailable({ definitions, rest }: ManifestParts, replicas: 1 | 2): ManifestParts {
  const documents = rest.split(/^---$/m).flatMap((document) => {
    if (!/^kind: *["']?Deployment\b/m.test(document)) return [document];
    const deployment = yaml.load(document, { schema: yaml.CORE_SCHEMA }) as Deployment;
    const budgets = replicas > 1 ? [budget(deployment)] : [];
    return [replaced(deployment, replicas), ...budgets].map((object) => `\n${yaml.dump(object)}`);
  });
  return { definitions, rest: documents.join("---") };
}

function replaced({ spec, ...deployment }: Deployment, replicas: number) {
  const { selector, template } = spec;
  const tolerated = (key: string) => ({
    key: `node.kubernetes.io/${key}`,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: TOLERATION_SECONDS,
  });
  return {
    ...deployment,
    spec: {
      ...spec,
      replicas,
      template: {
        ...template,
        spec: {
          ...template.spec,
          // Where nodes are full, other pods give way.
          priorityClassName: "system-cluster-critical",
          tolerations: [tolerated("not-ready"), tolerated("unreachable")],
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "topology.kubernetes.io/zone",
              // In a single zone, or while one is lost, both run all the same.
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: selector,
            },
          ],
        },
      },
    },
  };
}

const budget = ({ metadata, spec }: Deployment) => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: metadata.name, ...(metadata.namespace !== undefined && { namespace: metadata.namespace }) },
  spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: spec.selector },
});
