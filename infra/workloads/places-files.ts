import { readFileSync } from "node:fs";
import { inProject } from "../in-project.js";
import type { Settings } from "../settings/schema.js";
import { StackSettingsError } from "../settings/settings-error.js";

/** Limit of the content of a ConfigMap, without its keys. */
const MOST_BYTES = 2 ** 20;

/** The contents of the places files, in the form of a ConfigMap. */
export interface Places {
  readonly "ports.csv": string;
  readonly "regions.csv": string;
}

/**
 * Reads the places files, if the settings name files. This happens before any resource is made.
 * @throws {StackSettingsError} for a file that cannot be read or is not UTF-8, and for files too large for a ConfigMap.
 */
export function placesOf(stack: string, { places }: Settings): Places | undefined {
  if (typeof places !== "object" || !("ports" in places)) return undefined;
  const read = (key: "ports" | "regions"): Buffer => {
    try {
      const content = readFileSync(inProject(places[key]));
      new TextDecoder("utf-8", { fatal: true }).decode(content);
      return content;
    } catch (error) {
      throw new StackSettingsError(stack, [[`places.${key}`, `${places[key]}: ${(error as Error).message}`]]);
    }
  };
  const [ports, regions] = [read("ports"), read("regions")];
  const bytes = ports.length + regions.length;
  if (bytes > MOST_BYTES) {
    const way = "put them on a volume and name its claim in places.claimName, or import them by hand";
    throw new StackSettingsError(stack, [
      ["places", `are ${bytes} bytes, and a ConfigMap takes ${MOST_BYTES}; ${way}`],
    ]);
  }
  return { "ports.csv": ports.toString(), "regions.csv": regions.toString() };
}
