import yaml from "js-yaml";
import type { ManifestParts } from "./manifest-parts.js";

interface Deployment {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: { readonly spec: object };
  };
}

/** Seconds until the pod of a lost node is replaced, instead of the five minutes of Kubernetes. */
const TOLERATION_SECONDS = 30;

/**
 * The manifest with two pods for each Deployment, in two zones if there are two. One leads, and the other takes over
 * within seconds. Release manifests have one pod: with its node, replicas would stay without a primary for as long as
 * Kubernetes takes to replace it, which is minutes, and longer if no other node has room.
 */
export function highlyAvailable({ definitions, rest }: ManifestParts): ManifestParts {
  const documents = rest.split(/^---$/m).flatMap((document) => {
    if (!/^kind: *["']?Deployment\b/m.test(document)) return [document];
    const deployment = yaml.load(document, { schema: yaml.CORE_SCHEMA }) as Deployment;
    return [`\n${yaml.dump(twice(deployment))}`, `\n${yaml.dump(budget(deployment))}`];
  });
  return { definitions, rest: documents.join("---") };
}

function twice({ spec, ...deployment }: Deployment) {
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
      replicas: 2,
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
  metadata: { name: metadata.name, namespace: metadata.namespace },
  spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: spec.selector },
});
