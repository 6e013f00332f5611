/**
 * The releases that `install` installs. They are pinned, so that the same settings give the same cluster next year. To
 * upgrade, raise a version here, read its release notes, and try it in staging first.
 */
export const releases = {
  cloudnativePg: {
    manifest: "https://github.com/cloudnative-pg/cloudnative-pg/releases/download/v1.30.0/cnpg-1.30.0.yaml",
  },
  argoRollouts: { manifest: "https://github.com/argoproj/argo-rollouts/releases/download/v1.10.0/install.yaml" },
  certManager: { manifest: "https://github.com/cert-manager/cert-manager/releases/download/v1.19.1/cert-manager.yaml" },
  barmanPlugin: {
    manifest: "https://github.com/cloudnative-pg/plugin-barman-cloud/releases/download/v0.14.0/manifest.yaml",
  },
  prometheus: {
    chart: "oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack",
    version: "88.4.0",
  },
} as const;

/** Namespaces into which the releases install themselves. NetworkPolicies use these names. */
export const namespaces = {
  cloudnativePg: "cnpg-system",
  argoRollouts: "argo-rollouts",
  prometheus: "monitoring",
} as const;
