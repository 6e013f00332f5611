import { readFile } from "node:fs/promises";
import { z } from "zod";
import { systemReason } from "../../system-reason.js";
import type { PodTemplate } from "../kubernetes/objects.js";

const labels = z.record(z.string(), z.string());

const ingestDefaults = z.strictObject({
  /** What names of objects begin with. */
  name: z.string().min(1).max(40),
  /** Of the objects that are made. */
  labels: labels.refine((given) => "app.kubernetes.io/instance" in given, "must have app.kubernetes.io/instance"),
  /** A pod that loads, as the chart makes every pod; what a feed says goes over it. */
  pod: z.custom<PodTemplate>(
    (given) => z.object({ spec: z.object({ containers: z.array(z.unknown()).length(1) }) }).safeParse(given).success,
    "must be the template of a pod with one container",
  ),
  /** Secrets of the release, such as those with the addresses of its database: no feed may have them. */
  secretNames: z.array(z.string()),
  /** Families of the addresses that pods have; null where NetworkPolicies are not used. */
  addressFamilies: z.array(z.enum(["ipv4", "ipv6"])).nullable(),
});

/** What holds for the pods of all feeds. The chart writes it, so that there is one definition of what a pod is. */
export type IngestDefaults = z.output<typeof ingestDefaults>;

/** The file of the operator's settings cannot be used as it is. */
export class OperatorFileError extends Error {
  constructor(path: string, mistake: string) {
    super(`${path}: ${mistake}`);
    this.name = "OperatorFileError";
  }
}

/** @throws {OperatorFileError} */
export async function readIngestDefaults(path: string): Promise<IngestDefaults> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new OperatorFileError(path, `it cannot be read: ${systemReason(error)}`);
  });
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new OperatorFileError(path, `it is not JSON: ${(error as Error).message}`);
  }
  const parsed = ingestDefaults.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new OperatorFileError(path, z.prettifyError(parsed.error));
}

const SELECTING = ["app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"];

/** The label that says which feed an object is of. */
export const FEED_LABEL = "ratesapp/feed";

/** Labels that select all pods and Jobs of ingest. */
export const selectorOf = (defaults: IngestDefaults): Record<string, string> =>
  Object.fromEntries(
    SELECTING.flatMap((label) => (defaults.labels[label] === undefined ? [] : [[label, defaults.labels[label]]])),
  );

/** Labels that select the pods and Jobs of one feed. */
export const feedSelectorOf = (feed: string, defaults: IngestDefaults): Record<string, string> => ({
  ...selectorOf(defaults),
  [FEED_LABEL]: feed,
});

/** A CronJob's name has 52 characters at most, because its Jobs add a time to it. */
export function objectName(feed: string, { name }: IngestDefaults): string {
  return `${name.slice(0, 44 - feed.length).replace(/-$/, "")}-ingest-${feed}`;
}
