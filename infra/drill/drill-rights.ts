import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { DRILL_COPY } from "../names.js";

export interface DrillRightsArgs {
  /** Of the ServiceAccount and its Roles. CloudNativePG makes some of the copy's name. */
  readonly name: string;
  /** Of the database. */
  readonly namespace: pulumi.Input<string>;
  readonly workloads: pulumi.Input<string>;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the Cluster whose backup is tried. */
  readonly database: string;
  /** Name of the ConfigMap with the result. */
  readonly result: string;
}

/**
 * A ServiceAccount that may make Clusters and delete the copy alone, and reads no Secret. Returns its name. It cannot
 * connect to a database by these rights, nor run anything in a pod.
 */
export function drillRights(args: DrillRightsArgs, options: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const { database, labels, name: ownName, namespace, result, workloads } = args;
  const account = new kubernetes.core.v1.ServiceAccount(
    "drill",
    { metadata: { name: ownName, namespace, labels }, automountServiceAccountToken: false },
    options,
  );
  const may = (name: string, within: pulumi.Input<string>, rules: kubernetes.types.input.rbac.v1.PolicyRule[]) => {
    const metadata = { name: ownName, namespace: within, labels };
    const role = new kubernetes.rbac.v1.Role(name, { metadata, rules }, options);
    new kubernetes.rbac.v1.RoleBinding(
      name,
      {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
        subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace }],
      },
      options,
    );
  };
  const rule = (apiGroup: string, resource: string, verbs: string[], resourceNames?: string[]) => ({
    apiGroups: [apiGroup],
    resources: [resource],
    verbs,
    ...(resourceNames && { resourceNames }),
  });
  may("drill", namespace, [
    // Kubernetes cannot limit `create` to a name.
    rule("postgresql.cnpg.io", "clusters", ["create"]),
    rule("postgresql.cnpg.io", "clusters", ["get", "delete"], [DRILL_COPY]),
    rule("postgresql.cnpg.io", "clusters", ["get"], [database]),
    rule("postgresql.cnpg.io", "backups", ["list"]),
    // Why a restore failed, and whether a copy is gone with its disks.
    rule("", "pods", ["list"]),
    rule("", "pods/log", ["get"]),
    rule("", "persistentvolumeclaims", ["list"]),
    rule("events.k8s.io", "events", ["create"]),
  ]);
  may("drill-result", workloads, [rule("", "configmaps", ["create"]), rule("", "configmaps", ["patch"], [result])]);
  return account.metadata.name;
}
