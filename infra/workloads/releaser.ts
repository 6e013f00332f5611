/** The objects by which releases are kept, and kept apart. */
export const releaseNames = (release: string) => ({
  /** ConfigMap: what was released, when and by whom. */
  record: `${release}-releases`,
  /** Lease: held by the process that releases. */
  lease: `${release}-release`,
  /** Role. */
  role: `${release}-releaser`,
});

/**
 * What a release needs in the namespace of the workloads: to change what runs the image, to follow the pods, to stop a
 * version, and to note all that.
 */
export function releaserRules(release: string) {
  const { lease, record } = releaseNames(release);
  const read = ["get", "list", "watch"];
  return [
    { apiGroups: ["apps"], resources: ["deployments", "replicasets"], verbs: read },
    {
      apiGroups: ["apps"],
      resources: ["deployments"],
      resourceNames: [`${release}-api`, `${release}-operator`],
      verbs: ["patch"],
    },
    { apiGroups: ["argoproj.io"], resources: ["rollouts", "analysisruns"], verbs: read },
    {
      apiGroups: ["argoproj.io"],
      resources: ["rollouts/status"],
      resourceNames: [`${release}-api`],
      verbs: ["patch"],
    },
    // The migration of an image is a Job of its own, and so is the import of places.
    { apiGroups: ["batch"], resources: ["jobs"], verbs: [...read, "create", "patch", "delete"] },
    {
      apiGroups: ["batch"],
      resources: ["cronjobs"],
      resourceNames: [`${release}-compaction`],
      verbs: ["get", "patch"],
    },
    {
      apiGroups: [""],
      resources: ["configmaps"],
      resourceNames: [`${release}-operator`, record],
      verbs: ["get", "patch"],
    },
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: [lease], verbs: ["get", "update"] },
    // Pulumi looks at all of these while it waits for a Deployment.
    { apiGroups: [""], resources: ["pods", "events", "persistentvolumeclaims"], verbs: read },
    { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
  ];
}
