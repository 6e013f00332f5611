import { readFile } from "node:fs/promises";
import { inProject } from "../in-project.js";
import type { Settings } from "../settings/schema.js";
import { type ManifestParts, manifestParts } from "./manifest-parts.js";
import { releases } from "./releases.js";

const OPERATORS = ["cloudnativePg", "argoRollouts", "certManager", "barmanPlugin"] as const;

/** Release manifests of the operators that a stack installs. */
export type Manifests = Readonly<Partial<Record<(typeof OPERATORS)[number], ManifestParts>>>;

/**
 * Reads the manifests to install, the pinned releases or those that the settings name. It does so before the first
 * resource is registered, so that a preview shows every object.
 * @throws {Error} that names the file or address that cannot be read.
 */
export async function manifestsOf(platform: Settings["platform"]): Promise<Manifests> {
  const all = OPERATORS.map(async (operator) => {
    const choice = platform[operator];
    if (choice === "absent" || choice === "present") return [];
    const { manifest } = choice === "install" ? releases[operator] : choice;
    return [[operator, manifestParts(await textOf(manifest))] as const];
  });
  return Object.fromEntries((await Promise.all(all)).flat());
}

async function textOf(place: string): Promise<string> {
  try {
    if (!/^https?:/.test(place)) return await readFile(inProject(place), "utf8");
    const response = await fetch(place, { signal: AbortSignal.timeout(60_000) });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return await response.text();
  } catch (error) {
    const { cause, message } = error as Error;
    throw new Error(`the manifest ${place} cannot be read: ${cause instanceof Error ? cause.message : message}`);
  }
}
