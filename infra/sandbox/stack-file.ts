import { existsSync, readFileSync } from "node:fs";
import yaml from "js-yaml";
import { inProject } from "../in-project.js";

/** What the file of a stack says: its kind, and its cluster. */
export interface StackFile {
  readonly environment: string | undefined;
  readonly context: string | undefined;
}

/** Reads the file of a stack; undefined for a stack that does not exist or was removed. */
export function stackFile(name: string): StackFile | undefined {
  const path = inProject(`Pulumi.${name}.yaml`);
  return existsSync(path) ? stackFileOf(readFileSync(path, "utf8")) : undefined;
}

/** @param text the content of a Pulumi.STACK.yaml. */
export function stackFileOf(text: string): StackFile {
  const { config } = (yaml.load(text) ?? {}) as { config?: Record<string, unknown> };
  const cluster = config?.["ratesapp:cluster"] as { context?: string } | undefined;
  return { environment: config?.["ratesapp:environment"] as string | undefined, context: cluster?.context };
}

/**
 * Why a sandbox must not be made, or made again, of this stack; undefined: it may.
 * @param context that kubectl speaks to; undefined: not yet known.
 */
export function refusal(name: string, file: StackFile | undefined, context?: string): string | undefined {
  if (file === undefined) return undefined;
  if (file.environment !== undefined && file.environment !== "sandbox") {
    return `${name} is a stack of environment ${file.environment}; give the sandbox another name`;
  }
  // Applied to another cluster, the stack would lose what it has on the first.
  if (context !== undefined && file.context !== undefined && file.context !== context) {
    return `${name} is on ${file.context}, and kubectl speaks to ${context}: kubectl config use-context ${file.context}`;
  }
  return undefined;
}
