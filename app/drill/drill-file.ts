import { readFile } from "node:fs/promises";
import { z } from "zod";
import { systemReason } from "../system-reason.js";

const named = z.looseObject({ name: z.string().min(1) });

const drillFile = z.strictObject({
  /** Name of the CloudNativePG Cluster whose backup is tried. */
  database: z.string().min(1),
  /** The Cluster that it is restored into. */
  copy: z.looseObject({
    metadata: named,
    spec: z.looseObject({ bootstrap: z.looseObject({ recovery: z.looseObject({ source: z.string() }) }) }),
  }),
  /** The ConfigMap in which the result is told. */
  result: z.strictObject({ namespace: z.string().min(1), name: z.string().min(1) }),
  /** A drill that takes longer has failed. */
  deadlineMinutes: z.int().positive(),
});

/** What a drill has to know of the stack. infra/drill writes it. */
export type DrillFile = z.output<typeof drillFile>;

/** The file of a drill cannot be used as it is. */
export class DrillFileError extends Error {
  constructor(path: string, mistake: string) {
    super(`${path}: ${mistake}`);
    this.name = "DrillFileError";
  }
}

/** @throws {DrillFileError} */
export async function readDrillFile(path: string): Promise<DrillFile> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new DrillFileError(path, `it cannot be read: ${systemReason(error)}`);
  });
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new DrillFileError(path, `it is not JSON: ${(error as Error).message}`);
  }
  const parsed = drillFile.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new DrillFileError(path, z.prettifyError(parsed.error));
}
