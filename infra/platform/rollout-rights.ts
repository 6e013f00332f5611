import yaml from "js-yaml";
import type { ManifestParts } from "./manifest-parts.js";
import { namespaces } from "./releases.js";

const NAME = "argo-rollouts";
const READ = ["get", "list", "watch"];
const WRITE = [...READ, "create", "update", "patch", "delete"];

/**
 * What Argo Rollouts does for Rollouts of Deployments that Prometheus checks. Its release also lets it read every
 * Secret of the cluster, run Jobs, and change Ingresses and the objects of nine service meshes and proxies.
 */
export const rolloutRules = [
  {
    apiGroups: ["argoproj.io"],
    resources: ["rollouts", "rollouts/status", "rollouts/finalizers"],
    verbs: [...READ, "update", "patch"],
  },
  { apiGroups: ["argoproj.io"], resources: ["analysisruns", "analysisruns/finalizers"], verbs: WRITE },
  // It watches these from the start, also where there are none.
  {
    apiGroups: ["argoproj.io"],
    resources: ["analysistemplates", "clusteranalysistemplates", "experiments"],
    verbs: READ,
  },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: READ },
  { apiGroups: ["batch"], resources: ["jobs"], verbs: READ },
  { apiGroups: ["apps"], resources: ["replicasets"], verbs: WRITE },
  // Of a Deployment whose template it uses, it sets the number of pods to 0.
  { apiGroups: ["apps"], resources: ["deployments"], verbs: [...READ, "update"] },
  // The selector of a Service decides which version gets requests.
  { apiGroups: [""], resources: ["services"], verbs: [...READ, "patch"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["list", "watch", "update"] },
  { apiGroups: [""], resources: ["events"], verbs: ["create", "update", "patch"] },
];

/** In its own namespace: its lease, its settings, and its keys for notifications. */
export const ownRules = [
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "update"] },
  { apiGroups: [""], resources: ["configmaps", "secrets"], verbs: READ },
];

/** The manifest of Argo Rollouts with the rights that this program uses. */
export function withRolloutRights({ definitions, rest }: ManifestParts): ManifestParts {
  const documents = rest.split(/^---$/m).map((document) => {
    if (!/^kind: ClusterRole$/m.test(document) || !new RegExp(`^  name: ${NAME}$`, "m").test(document)) return document;
    const role = yaml.load(document, { schema: yaml.CORE_SCHEMA }) as object;
    return `\n${yaml.dump({ ...role, rules: rolloutRules }, { noRefs: true })}`;
  });
  const metadata = { name: NAME, namespace: namespaces.argoRollouts };
  const rbac = "rbac.authorization.k8s.io";
  const own = [
    { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules: ownRules },
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: rbac, kind: "Role", name: NAME },
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
  ];
  return {
    definitions,
    rest: [...documents, ...own.map((object) => `\n${yaml.dump(object, { noRefs: true })}`)].join("---"),
  };
}
