import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import {
  type AddressFamilies,
  anywhere,
  type DnsServers,
  dnsRule,
  type Peer,
  podIdentityAgent,
  podsOf,
} from "../network/peers.js";
import { namespaces } from "../platform/releases.js";
import { instancesAndTheirJobs, poolers } from "./selectors.js";

export interface DatabaseNetworkArgs {
  readonly namespace: pulumi.Input<string>;
  /** Namespace of the pods that connect to the database. */
  readonly workloads: string;
  readonly dns: DnsServers;
  /** True if API pods write, and so connect to the instances. */
  readonly apiWrites: boolean;
  readonly addressFamilies: AddressFamilies;
  /**
   * Ports of the API server: that of its Service and its own. Some clusters apply policies to the first, some to the
   * second, some to both.
   */
  readonly apiServerPorts: readonly number[];
  /** Namespace of CloudNativePG. */
  readonly operator: string;
  /** Port of the object store; undefined if there is no archive. */
  readonly archivePort: number | undefined;
  /** True if EKS Pod Identity gives the instances their rights on the object store. */
  readonly podIdentity: boolean;
}

const POSTGRES = 5432;
const STATUS = 8000;
const INSTANCE_METRICS = 9187;
const POOLER_METRICS = 9127;

const ports = (...numbers: number[]) => numbers.map((port) => ({ port, protocol: "TCP" }));

/**
 * Allows only the connections listed here to and from pods in the database's namespace. Port-forwards and the kubelet's
 * probes come from the node of the pod, and policies cannot block them.
 */
export function databaseNetworkPolicies(args: DatabaseNetworkArgs, options: pulumi.CustomResourceOptions): void {
  const { dns, namespace, workloads } = args;
  const policy = (name: string, spec: object) =>
    new kubernetes.networking.v1.NetworkPolicy(
      `${name}-policy`,
      { metadata: { name, namespace }, spec: spec as kubernetes.types.input.networking.v1.NetworkPolicySpec },
      options,
    );
  const instancePeer: Peer = { podSelector: instancesAndTheirJobs };
  const poolerPeer: Peer = { podSelector: poolers };
  const monitoring = podsOf(namespaces.prometheus);
  const names = dnsRule(dns);
  // The instance manager in each pod asks the API server which instance is the primary and what it has to do.
  const kubernetesApi = { ports: ports(...args.apiServerPorts), to: anywhere(args.addressFamilies) };

  policy("deny-all", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  policy("instances", {
    podSelector: instancesAndTheirJobs,
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      // Ingest, migrations and write operations need sessions of their own, so they connect to the primary directly.
      { ports: ports(POSTGRES), from: [poolerPeer, writingPods(workloads, args.apiWrites)] },
      // For replication, base backups of new replicas, and the check whether the other instances still see the primary.
      { ports: ports(POSTGRES, STATUS), from: [instancePeer] },
      {
        ports: ports(POSTGRES, STATUS),
        from: [podsOf(args.operator, { "app.kubernetes.io/name": "cloudnative-pg" })],
      },
      { ports: ports(INSTANCE_METRICS), from: [monitoring] },
    ],
    egress: [
      names,
      kubernetesApi,
      { ports: ports(POSTGRES, STATUS), to: [instancePeer] },
      ...(args.archivePort === undefined || args.apiServerPorts.includes(args.archivePort)
        ? []
        : [{ ports: ports(args.archivePort), to: anywhere(args.addressFamilies) }]),
      ...(args.podIdentity ? [{ ports: ports(80), to: podIdentityAgent(args.addressFamilies) }] : []),
    ],
  });
  policy("poolers", {
    podSelector: poolers,
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      { ports: ports(POSTGRES), from: [podsOf(workloads, { "app.kubernetes.io/component": "api" })] },
      { ports: ports(POOLER_METRICS), from: [monitoring] },
    ],
    egress: [names, kubernetesApi, { ports: ports(POSTGRES), to: [instancePeer] }],
  });
}

/**
 * Components whose pods write: those of the chart, and the pod `demo` of a sandbox. The pods of the API do so only with
 * write tokens.
 */
const WRITING = ["compaction", "demo", "ingest", "migration", "operator", "places"];

const writingPods = (workloads: string, apiWrites: boolean): Peer => ({
  ...podsOf(workloads),
  podSelector: {
    matchLabels: { "app.kubernetes.io/name": "ratesapp" },
    matchExpressions: [
      { key: "app.kubernetes.io/component", operator: "In", values: apiWrites ? ["api", ...WRITING] : WRITING },
    ],
  },
});
