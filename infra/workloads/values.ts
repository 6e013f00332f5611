import type * as pulumi from "@pulumi/pulumi";
import type { AddressFamilies, DnsServers, Peer } from "../network/peers.js";
import type { Image } from "../settings/image.js";
import type { Resources } from "../settings/resources.js";
import type { Settings } from "../settings/schema.js";

type Text = pulumi.Input<string>;

/** A key of an existing Secret. */
interface SecretReference {
  readonly secretName: Text;
  readonly key: string;
}

/**
 * The values for charts/ratesapp. The chart's values.yaml has the defaults of all others, and its values.schema.json
 * has the allowed ranges. A test checks these values against the schema.
 */
export interface Values {
  readonly image: Image;
  readonly logLevel: Settings["logLevel"];
  readonly database: Readonly<Record<"owner" | "ingest" | "api", SecretReference>> & {
    readonly ca: { readonly configMapName: Text };
    readonly revision: string;
  };
  readonly writeTokens?: SecretReference;
  readonly api: {
    readonly autoscaling: Pick<Settings["api"], "minReplicas" | "maxReplicas" | "cpuPercent" | "scaleDownWaitSeconds">;
    readonly delivery: Settings["delivery"]["strategy"];
    readonly preStopSeconds: number;
    readonly topologySpread: { readonly zones: WhenUnsatisfiable };
    readonly resources: Resources;
    readonly settings: Readonly<Record<string, number | readonly string[]>>;
  };
  readonly ingest: { readonly image: Image };
  readonly places?: {
    readonly configMapName?: Text;
    readonly claimName?: string;
    /** Changes when the content of the files changes. */
    readonly revision?: string | undefined;
  };
  readonly feeds: Readonly<Record<string, FeedValues>>;
  /** The program makes them: a preview of the chart fails where the cluster does not know yet what a Feed is. */
  readonly createFeeds: false;
  readonly compaction: Settings["compaction"];
  readonly networkPolicy: {
    readonly addressFamilies: AddressFamilies;
    readonly admin: { readonly from: readonly Peer[] };
    readonly api: { readonly from: readonly Peer[] };
    readonly dns: DnsServers;
    readonly database: { readonly to: readonly Peer[] };
    readonly kubernetesApi: { readonly ports: readonly number[] };
  };
  readonly ingress: {
    readonly enabled: boolean;
    readonly host?: string;
    readonly className?: Text;
    readonly tlsSecretName?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly podMonitor: { readonly enabled: boolean; readonly intervalSeconds?: number };
  readonly alarms: { readonly enabled: boolean } & Omit<Settings["alarms"], "replicaLagSeconds">;
}

export type FeedValues = Omit<Settings["feeds"][string], "credentialsSecretName"> & {
  readonly credentialsSecretName?: Text | undefined;
};

type WhenUnsatisfiable = "DoNotSchedule" | "ScheduleAnyway";
