import type { V1NetworkPolicyPeer, V1NetworkPolicySpec } from "@kubernetes/client-node";
import type { Feed } from "../feed/feed.js";
import type { FeedSpec } from "../feed/feed-spec.js";
import type { KubernetesObject } from "../kubernetes/objects.js";
import { feedSelectorOf, type IngestDefaults } from "./ingest-defaults.js";
import { ownedMetadata } from "./owned-metadata.js";

export interface NetworkPolicy extends KubernetesObject {
  readonly spec: V1NetworkPolicySpec;
}

type Families = NonNullable<IngestDefaults["addressFamilies"]>;

const USUAL_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443, "s3:": 443 };

/** Any address except the metadata service of nodes, where a pod could get the rights of its node. */
const ANYWHERE: Readonly<Record<Families[number], V1NetworkPolicyPeer>> = {
  ipv4: { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } },
  ipv6: { ipBlock: { cidr: "::/0", except: ["fe80::/10", "fd00:ec2::254/128"] } },
};
/** The agent of EKS Pod Identity, where a pod gets the rights of its ServiceAccount. */
const POD_IDENTITY: Readonly<Record<Families[number], V1NetworkPolicyPeer>> = {
  ipv4: { ipBlock: { cidr: "169.254.170.23/32" } },
  ipv6: { ipBlock: { cidr: "fd00:ec2::23/128" } },
};

/**
 * Where a feed's pods may connect to besides the database: as the feed says, or to the port of its source on any host.
 * @returns undefined for a feed that needs nothing, and if NetworkPolicies are not used.
 */
export function desiredNetworkPolicy(feed: Feed, defaults: IngestDefaults): NetworkPolicy | undefined {
  const { addressFamilies } = defaults;
  const egress = addressFamilies === null ? undefined : (feed.spec.egress ?? usualEgress(feed.spec, addressFamilies));
  if (egress === undefined) return undefined;
  return {
    metadata: ownedMetadata(feed, defaults),
    spec: {
      podSelector: { matchLabels: feedSelectorOf(feed.metadata.name, defaults) },
      policyTypes: ["Egress"],
      egress,
    },
  };
}

function usualEgress({ source, environment }: FeedSpec, families: Families): V1NetworkPolicySpec["egress"] | undefined {
  if (source.startsWith("/")) return undefined;
  const { protocol } = new URL(source);
  const fromS3 = protocol === "s3:";
  // A bucket need not be at Amazon.
  const endpoint = fromS3 ? (environment?.AWS_ENDPOINT_URL_S3 ?? environment?.AWS_ENDPOINT_URL) : undefined;
  const reached = new URL(endpoint && URL.canParse(endpoint) ? endpoint : source);
  return [
    {
      ports: [{ port: Number(reached.port) || (USUAL_PORTS[reached.protocol] ?? 443), protocol: "TCP" }],
      // Pods are listed as well, because some networks find them by labels and not by addresses.
      to: [{ namespaceSelector: {} }, ...families.map((family) => ANYWHERE[family])],
    },
    ...(fromS3 ? [{ ports: [{ port: 80, protocol: "TCP" }], to: families.map((family) => POD_IDENTITY[family]) }] : []),
  ];
}
