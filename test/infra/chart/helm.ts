import { execFile, execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { constants, gzipSync } from "node:zlib";
import { loadAll } from "js-yaml";
import { skipBecause } from "../../kit/skip.js";
import type { KubernetesObject } from "./kubernetes-object.js";
import { madeOfFeeds } from "./made-of-feeds.js";

const run = promisify(execFile);
const CHART = fileURLToPath(new URL("../../../charts/ratesapp", import.meta.url));
const HELM = process.env.HELM || "helm";

/** What helm wrote when it refused the values. */
export class HelmError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "HelmError";
  }
}

/** For `before`: skips the suite, and says why, where there is no `helm` ($HELM, or the one on PATH). */
export function skipWithoutHelm(this: Mocha.Context): void {
  try {
    execFileSync(HELM, ["version"], { stdio: "ignore" });
  } catch {
    skipBecause(this, "there is no helm on PATH, and $HELM names none");
  }
}

/** Values that a user would write into a file. */
export type Values = Record<string, unknown>;

/**
 * The objects of a release, and those that its operator makes of its Feeds.
 * @throws {HelmError} if the chart refuses the values.
 */
export async function render(values: Values, release = "ratesapp"): Promise<KubernetesObject[]> {
  const output = await helm(["template", release, CHART, "--namespace", "rates"], values);
  const objects = (loadAll(output) as (KubernetesObject | null)[]).filter((object) => object !== null);
  return [...objects, ...(await madeOfFeeds(objects))];
}

/** What Helm keeps of a release in a Secret: base64 of gzip of JSON. */
export async function stored(values: Values): Promise<string> {
  const json = await helm(["install", "ratesapp", CHART, "--dry-run=client", "--output", "json"], values);
  return gzipSync(json, { level: constants.Z_BEST_COMPRESSION }).toString("base64");
}

/** What a user reads after `helm install`. */
export async function renderNotes(values: Values): Promise<string> {
  const output = await helm(["install", "ratesapp", CHART, "--namespace", "rates", "--dry-run=client"], values);
  return output.slice(output.indexOf("\nNOTES:\n") + "\nNOTES:\n".length);
}

/** @returns what `helm lint --strict` has to say; throws if it is not pleased. */
export function lint(values: Values): Promise<string> {
  return helm(["lint", CHART, "--strict"], values);
}

async function helm(args: string[], values: Values): Promise<string> {
  const running = run(HELM, [...args, "--values", "-"], { maxBuffer: 16 * 1024 * 1024 });
  running.child.stdin?.end(JSON.stringify(values));
  try {
    return (await running).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new HelmError(`${stderr ?? error}${stdout ?? ""}`);
  }
}
