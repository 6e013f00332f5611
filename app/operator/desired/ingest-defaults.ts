import { readFile } from "node:fs/promises";
import { z } from "zod";
import { systemReason } from "../../system-reason.js";
import type { PodTemplate } from "../kubernetes/objects.js";

const labels = z.record(z.string(), z.string());

const ingestDefaults = z.strictObject({
  /** Beginning of the names of objects. */
  name: z.string().min(1).max(40),
  /** Labels of the objects that the operator makes. */
  labels: labels.refine((given) => "app.kubernetes.io/instance" in given, "must have app.kubernetes.io/instance"),
  /** Template of a pod that loads. What a feed says has priority. */
  pod: z.custom<PodTemplate>(
    (given) => z.object({ spec: z.object({ containers: z.array(z.unknown()).length(1) }) }).safeParse(given).success,
    "must be the template of a pod with one container",
  ),
  /** Secrets of the release, such as those with the addresses of its database. A feed that names one is refused. */
  secretNames: z.array(z.string()),
  /** Families of the pods' addresses; null if NetworkPolicies are not used. */
  addressFamilies: z.array(z.enum(["ipv4", "ipv6"])).nullable(),
});

/** What the pods of all feeds have in common. The chart writes it, so that pods are defined in one place. */
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

/** The label with the name of an object's feed. */
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

/** Name of a feed's objects. A CronJob's name has at most 52 characters, because the names of its Jobs add a time. */
export function objectName(feed: string, { name }: IngestDefaults): string {
  return `${name.slice(0, 44 - feed.length).replace(/-$/, "")}-ingest-${feed}`;
}
