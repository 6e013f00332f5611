/** One end of a NetworkPolicy rule. */
export interface Peer {
  readonly namespaceSelector?: Selector | undefined;
  readonly podSelector?: Selector | undefined;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] | undefined } | undefined;
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?:
    | readonly { key: string; operator: string; values?: readonly string[] | undefined }[]
    | undefined;
}

/** Selects the pods of a namespace that have the labels; without labels, all its pods. */
export const podsOf = (namespace: string, labels?: Readonly<Record<string, string>>): Peer => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  ...(labels && { podSelector: { matchLabels: labels } }),
});

/** IP versions of the cluster's pods. */
export type AddressFamilies = readonly ("ipv4" | "ipv6")[];

const everywhere = {
  ipv4: { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } },
  ipv6: { ipBlock: { cidr: "::/0", except: ["fe80::/10", "fd00:ec2::254/128"] } },
};

/**
 * Any address except the node's metadata service, which gives out the rights of the node. Pods are listed separately,
 * because some network plugins recognize pods only by their labels.
 */
export const anywhere = (families: AddressFamilies): readonly Peer[] => [
  { namespaceSelector: {} },
  ...families.map((family) => everywhere[family]),
];

const agents = {
  ipv4: { ipBlock: { cidr: "169.254.170.23/32" } },
  ipv6: { ipBlock: { cidr: "fd00:ec2::23/128" } },
};

/** The agent of EKS Pod Identity, which gives out the rights of the pod's ServiceAccount. */
export const podIdentityAgent = (families: AddressFamilies): readonly Peer[] =>
  families.map((family) => agents[family]);

/** What answers DNS. */
export interface DnsServers {
  /** If empty, any address is allowed, because no selector can describe them. */
  readonly to: readonly Peer[];
  /** Ports of the pods, not of the Service before them. */
  readonly ports: readonly number[];
}

/** The DNS pods of most clusters. */
export const clusterDns: readonly Peer[] = [podsOf("kube-system", { "k8s-app": "kube-dns" })];

/** The rule of a NetworkPolicy that lets pods look up names. */
export const dnsRule = ({ ports, to }: DnsServers) => ({
  ports: ports.flatMap((port) => ["UDP", "TCP"].map((protocol) => ({ port, protocol }))),
  ...(to.length > 0 && { to }),
});
