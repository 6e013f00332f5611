import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

const backupCredentials = z.strictObject({ accessKeyId: z.string().min(1), secretAccessKey: z.string().min(1) });
const feedCredentials = z.record(z.string(), z.record(z.string(), z.string()));
const writeTokens = z.record(z.string().regex(/^[A-Za-z0-9._-]+$/), z.string().regex(/^[0-9a-f]{64}$/));

const SEVERITIES = ["page", "ticket"] as const;
const RECEIVERS = ["pagerDutyRoutingKey", "slackUrl", "webhookUrl"] as const;
const alarmReceivers = z.record(
  z.string().regex(new RegExp(`^(${SEVERITIES.join("|")})$`)),
  z.record(z.string().regex(new RegExp(`^(${RECEIVERS.join("|")})$`)), z.string().min(1)),
);

/** Keys whose values are always inside a Pulumi secret. */
export const secretKeys = ["alarmReceivers", "backupCredentials", "feedCredentials", "writeTokens"] as const;

/** Keys for an object store. */
export type BackupCredentials = z.output<typeof backupCredentials>;

/** How soon an alarm must be looked at: now, or on the next working day. */
export type Severity = (typeof SEVERITIES)[number];

/** The kinds of receivers that alarms of each severity are sent to. */
export type Receivers = Readonly<Record<Severity, readonly (typeof RECEIVERS)[number][]>>;

export interface AlarmReceivers {
  readonly receivers: Receivers;
  /** Addresses and keys, by `SEVERITY.KIND`, such as `page.slackUrl`. */
  readonly addresses: pulumi.Output<Record<string, string>>;
}

/** The secret settings. Set them with `pulumi config set --secret --path`. */
export interface Secrets {
  /** Undefined if alarms are sent to no receiver. */
  readonly alarmReceivers: AlarmReceivers | undefined;
  readonly backupCredentials: pulumi.Output<BackupCredentials> | undefined;
  /** For each feed, environment variables by their name. */
  readonly feedCredentials: ReadonlyMap<string, pulumi.Output<Record<string, string>>>;
  /** SHA-256 of the token (in hex) for each client that may write. */
  readonly writeTokens: pulumi.Output<Record<string, string>> | undefined;
}

/**
 * Reads the secret settings of the current stack.
 * @param raw the values that Pulumi stores. They only show which feeds and receivers there are; no value is kept.
 */
export function readSecrets(raw: Readonly<Record<string, unknown>>, config = new pulumi.Config("ratesapp")): Secrets {
  const feeds = Object.keys((raw.feedCredentials as object | undefined) ?? {});
  const ofFeeds = config.getSecretObject<Record<string, unknown>>("feedCredentials");
  return {
    alarmReceivers: readReceivers(raw.alarmReceivers, config),
    backupCredentials: checked(config, "backupCredentials", backupCredentials),
    feedCredentials: new Map(
      feeds.map((feed) => [
        feed,
        pulumi.secret(ofFeeds).apply((all) => parse("feedCredentials", feedCredentials, all)[feed] ?? {}),
      ]),
    ),
    writeTokens: checked(config, "writeTokens", writeTokens),
  };
}

type Raw = Readonly<Record<Severity, object>>;

function readReceivers(raw: unknown, config: pulumi.Config): AlarmReceivers | undefined {
  const given = checked(config, "alarmReceivers", alarmReceivers);
  if (!given) return undefined;
  const kindsOf = (severity: Severity) => RECEIVERS.filter((kind) => kind in ((raw as Partial<Raw>)[severity] ?? {}));
  return {
    receivers: { page: kindsOf("page"), ticket: kindsOf("ticket") },
    addresses: given.apply((all) =>
      Object.fromEntries(
        Object.entries(all).flatMap(([severity, one]) =>
          Object.entries(one).map(([kind, address]) => [`${severity}.${kind}`, address]),
        ),
      ),
    ),
  };
}

function checked<T>(config: pulumi.Config, key: string, schema: z.ZodType<T>): pulumi.Output<T> | undefined {
  return config.getSecretObject<unknown>(key)?.apply((value) => parse(key, schema, value));
}

/** Parses a secret value. An error names the key and the expected form, but never the value. */
function parse<T>(key: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`ratesapp:${[key, ...(issue?.path ?? [])].join(".")}: ${issue?.message}`);
}
