import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { instancesAndTheirJobs } from "../database/selectors.js";
import { anywhere, type DnsServers, dnsRule, type Peer } from "../network/peers.js";
import type { Settings } from "../settings/schema.js";

export interface DrillNetworkArgs {
  readonly namespace: pulumi.Input<string>;
  /** Of the drill's pods. */
  readonly labels: Readonly<Record<string, string>>;
  readonly dns: DnsServers;
  readonly settings: Pick<Settings["cluster"], "addressFamilies" | "apiServerPorts">;
}

const POSTGRES = [{ port: 5432, protocol: "TCP" }];

/** Lets the drill's pods reach the instances of the database and of the copy, the API server, and nothing else. */
export function drillNetworkPolicies(args: DrillNetworkArgs, options: pulumi.CustomResourceOptions): void {
  const { dns, labels, namespace, settings } = args;
  const policy = (name: string, spec: object) =>
    new kubernetes.networking.v1.NetworkPolicy(
      `${name}-policy`,
      { metadata: { name, namespace }, spec: spec as kubernetes.types.input.networking.v1.NetworkPolicySpec },
      options,
    );
  const drills: Peer = { podSelector: { matchLabels: labels } };
  policy("drill", {
    ...drills,
    policyTypes: ["Ingress", "Egress"],
    egress: [
      dnsRule(dns),
      {
        ports: settings.apiServerPorts.map((port) => ({ port, protocol: "TCP" })),
        to: anywhere(settings.addressFamilies),
      },
      { ports: POSTGRES, to: [{ podSelector: instancesAndTheirJobs }] },
    ],
  });
  policy("instances-from-drill", {
    podSelector: instancesAndTheirJobs,
    policyTypes: ["Ingress"],
    ingress: [{ ports: POSTGRES, from: [drills] }],
  });
}
