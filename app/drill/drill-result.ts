import { z } from "zod";
import { type KubernetesApi, resources } from "../operator/kubernetes/kubernetes-api.js";
import { isStatus } from "../operator/kubernetes/kubernetes-error.js";
import type { KubernetesObject } from "../operator/kubernetes/objects.js";

const drillResult = z.strictObject({
  /** Why the drill failed; undefined if it passed. */
  failure: z.string().optional(),
  endedAt: z.iso.datetime(),
  seconds: z.number(),
  /** From the beginning of the restore until the copy answered. */
  restoreSeconds: z.number().optional(),
  /** The newest base backup, and how old it was. */
  backup: z.strictObject({ id: z.string(), ageSeconds: z.number() }).optional(),
  /** What was compared. */
  compared: z.strictObject({ version: z.number(), prices: z.number(), questions: z.number() }).optional(),
});

/** How a drill ended. */
export type DrillResult = z.output<typeof drillResult>;

/** What is known of the drills of a stack. */
export interface KnownDrills {
  readonly last: DrillResult;
  /** Undefined if none has passed yet. */
  readonly lastPassedAt: Date | undefined;
}

interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Keeps a result, so that the operator can tell it when the drill's pod is gone. */
export async function keepResult(api: KubernetesApi, name: string, result: DrillResult): Promise<void> {
  const data = {
    last: JSON.stringify(result),
    ...(result.failure === undefined && { lastPassedAt: result.endedAt }),
  };
  try {
    await api.patch(resources.configMaps, name, "merge", { data });
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
    await api.create(resources.configMaps, { metadata: { name }, data });
  }
}

/** Undefined if there was no drill. @throws {KubernetesError}, or if what is kept is not a result. */
export async function readResult(api: KubernetesApi, name: string): Promise<KnownDrills | undefined> {
  try {
    const { data = {} } = await api.get<ConfigMap>(resources.configMaps, name);
    return {
      last: drillResult.parse(JSON.parse(data.last ?? "")),
      lastPassedAt: data.lastPassedAt === undefined ? undefined : new Date(data.lastPassedAt),
    };
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** A sentence for people. */
export function sentenceOf({ backup, compared, failure, restoreSeconds = 0, seconds }: DrillResult): string {
  const what = backup ? `Backup ${backup.id}, ${hours(backup.ageSeconds)} old,` : "The backup";
  if (failure !== undefined) return `${what} did not pass: ${failure}`;
  const { prices = 0, questions = 0, version = 0 } = compared ?? {};
  return `${what} was restored in ${Math.round(restoreSeconds)} s and has all of dataset version ${version}: ${prices.toLocaleString("en-US")} prices, and ${questions} questions with the same answers; ${Math.round(seconds)} s`;
}

const hours = (seconds: number): string => `${(seconds / 3600).toFixed(1)} hours`;
