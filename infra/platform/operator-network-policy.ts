import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type AddressFamilies, anywhere, type DnsServers, dnsRule, type Peer, podsOf } from "../network/peers.js";
import { namespaces } from "./releases.js";

/** The ports of the pods in the namespace of an operator. */
export interface OperatorPorts {
  readonly namespace: string;
  /** Ports of webhooks. The API server calls them, and its address is not known. */
  readonly webhookPorts: readonly number[];
  readonly metricsPort: number;
  /** Ports on which pods of this namespace reach each other. */
  readonly innerPorts?: readonly number[];
  /** Ports of pods in other namespaces that the operator connects to. */
  readonly outerPorts?: readonly number[];
}

export interface OperatorNetworkArgs extends OperatorPorts {
  readonly dns: DnsServers;
  readonly apiServerPorts: readonly number[];
  readonly addressFamilies: AddressFamilies;
}

const ports = (numbers: readonly number[]) => numbers.map((port) => ({ port, protocol: "TCP" }));

/** Allows only these connections to and from the pods in the namespace of an operator. */
export function operatorNetworkPolicy(args: OperatorNetworkArgs, options: pulumi.CustomResourceOptions): void {
  const { innerPorts = [], namespace, outerPorts = [] } = args;
  const inner: Peer = { podSelector: {} };
  const rule = (direction: "from" | "to", numbers: readonly number[], peers: readonly Peer[]) =>
    numbers.length > 0 ? [{ ports: ports(numbers), [direction]: peers }] : [];
  new kubernetes.networking.v1.NetworkPolicy(
    `${namespace}-policy`,
    {
      metadata: { name: "operators", namespace },
      spec: {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          ...(args.webhookPorts.length > 0 ? [{ ports: ports(args.webhookPorts) }] : []),
          { ports: ports([args.metricsPort]), from: [podsOf(namespaces.prometheus)] },
          ...rule("from", innerPorts, [inner]),
        ],
        egress: [
          dnsRule(args.dns),
          ...rule("to", args.apiServerPorts, anywhere(args.addressFamilies)),
          ...rule("to", innerPorts, [inner]),
          ...rule("to", outerPorts, [{ namespaceSelector: {} }]),
        ],
      } as kubernetes.types.input.networking.v1.NetworkPolicySpec,
    },
    options,
  );
}
