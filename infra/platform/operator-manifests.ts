import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { inProject } from "../in-project.js";
import type { Settings } from "../settings/schema.js";
import { highlyAvailable } from "./highly-available.js";
import { type ManifestParts, manifestParts } from "./manifest-parts.js";
import { type Release, releases } from "./releases.js";
import { withRolloutRights } from "./rollout-rights.js";

const OPERATORS = ["cloudnativePg", "argoRollouts", "certManager", "barmanPlugin"] as const;

/**
 * Pods of the operators that must act within seconds. Without CloudNativePG, and the plugin that it asks, no replica is
 * promoted; without Argo Rollouts, no bad version is taken back. A second pod of the plugin would never become ready:
 * it only listens while it leads.
 */
const REPLICAS: Readonly<Partial<Record<string, 1 | 2>>> = { cloudnativePg: 2, barmanPlugin: 1, argoRollouts: 2 };

/** Release manifests of the operators that a stack installs. */
export type Manifests = Readonly<Partial<Record<(typeof OPERATORS)[number], ManifestParts>>>;

/**
 * Reads the manifests to install, the pinned releases or those that the settings name. It does so before the first
 * resource is registered, so that a preview shows every object.
 * @throws {Error} that names the file or address that cannot be read, or whose content is not the expected one.
 */
export async function manifestsOf(platform: Settings["platform"]): Promise<Manifests> {
  const all = OPERATORS.map(async (operator) => {
    const choice = platform[operator];
    if (choice === "absent" || choice === "present") return [];
    const released = manifestParts(await textOf(choice === "install" ? releases[operator] : choice));
    const parts = operator === "argoRollouts" ? withRolloutRights(released) : released;
    const replicas = REPLICAS[operator];
    return [[operator, replicas === undefined ? parts : highlyAvailable(parts, replicas)] as const];
  });
  return Object.fromEntries((await Promise.all(all)).flat());
}

/** The content of a manifest. @throws {Error} */
export async function textOf({ manifest, sha256 }: Release): Promise<string> {
  const text = await contentOf(manifest).catch((error: Error) => {
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    throw new Error(`the manifest ${manifest} cannot be read: ${reason}`);
  });
  const found = createHash("sha256").update(text).digest("hex");
  if (sha256 !== undefined && found !== sha256) {
    throw new Error(
      `the manifest ${manifest} has changed: its SHA-256 is ${found} instead of ${sha256}. Compare it with the release before you install it`,
    );
  }
  return text;
}

async function contentOf(place: string): Promise<string> {
  if (!/^https?:/.test(place)) return await readFile(inProject(place), "utf8");
  const response = await fetch(place, { signal: AbortSignal.timeout(60_000) });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return await response.text();
}
