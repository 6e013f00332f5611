import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

const backupCredentials = z.strictObject({ accessKeyId: z.string().min(1), secretAccessKey: z.string().min(1) });
const feedCredentials = z.record(z.string(), z.record(z.string(), z.string()));
const writeTokens = z.record(z.string().regex(/^[A-Za-z0-9._-]+$/), z.string().regex(/^[0-9a-f]{64}$/));

/** Keys whose values are always inside a Pulumi secret. */
export const secretKeys = ["backupCredentials", "feedCredentials", "writeTokens"] as const;

/** Keys for an object store. */
export type BackupCredentials = z.output<typeof backupCredentials>;

/** The secret settings. Set them with `pulumi config set --secret --path`. */
export interface Secrets {
  readonly backupCredentials: pulumi.Output<BackupCredentials> | undefined;
  /** For each feed, environment variables by their name. */
  readonly feedCredentials: ReadonlyMap<string, pulumi.Output<Record<string, string>>>;
  /** SHA-256 of the token (in hex) for each client that may write. */
  readonly writeTokens: pulumi.Output<Record<string, string>> | undefined;
}

/**
 * Reads the secret settings of the current stack.
 * @param raw the values that Pulumi stores. They only show which feeds there are; no value is kept.
 */
export function readSecrets(raw: Readonly<Record<string, unknown>>, config = new pulumi.Config("ratesapp")): Secrets {
  const feeds = Object.keys((raw.feedCredentials as object | undefined) ?? {});
  const ofFeeds = config.getSecretObject<Record<string, unknown>>("feedCredentials");
  return {
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
