/** A release manifest of an operator. */
export interface Release {
  /** A file of this repository, or an address. A file of the repository is there also when GitHub is not. */
  readonly manifest: string;
  /** SHA-256 of its content, in hex. Another content is refused. */
  readonly sha256?: string | undefined;
}

/**
 * The releases that `install` installs. They are pinned, so that the same settings give the same cluster next year.
 * docs/operations/upgrades.md says how to raise one.
 */
export const releases = {
  // https://github.com/cloudnative-pg/cloudnative-pg/releases/download/v1.30.0/cnpg-1.30.0.yaml
  cloudnativePg: {
    manifest: "infra/platform/manifests/cnpg-1.30.0.yaml",
    sha256: "f8bede43fe4ee0d478c2355b204a36876b2ae4faac60f2a9452280b293da3b88",
  },
  // https://github.com/argoproj/argo-rollouts/releases/download/v1.10.0/install.yaml
  argoRollouts: {
    manifest: "infra/platform/manifests/argo-rollouts-1.10.0.yaml",
    sha256: "ca8a1785391026023627c8a12db5422e227d7a7a6ec7c01f99f7d5b1726ed53c",
  },
  certManager: { manifest: "https://github.com/cert-manager/cert-manager/releases/download/v1.21.2/cert-manager.yaml" },
  barmanPlugin: {
    manifest: "https://github.com/cloudnative-pg/plugin-barman-cloud/releases/download/v0.14.0/manifest.yaml",
  },
} as const satisfies Readonly<Record<string, Release>>;

/** The chart of kube-prometheus-stack that `install` installs. */
export const prometheusRelease = {
  chart: "oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack",
  version: "88.4.0",
} as const;

/** Namespaces into which the releases install themselves. NetworkPolicies use these names. */
export const namespaces = {
  cloudnativePg: "cnpg-system",
  certManager: "cert-manager",
  argoRollouts: "argo-rollouts",
  prometheus: "monitoring",
} as const;
