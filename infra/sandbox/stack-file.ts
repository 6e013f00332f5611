import { existsSync, readFileSync } from "node:fs";
import yaml from "js-yaml";
import { inProject } from "../in-project.js";

/** The environment and the cluster that a stack's file names. */
export interface StackFile {
  readonly environment: string | undefined;
  readonly context: string | undefined;
}

/** Reads the file of a stack. Undefined if the stack does not exist or was removed. */
export function stackFile(name: string): StackFile | undefined {
  const path = inProject(`Pulumi.${name}.yaml`);
  return existsSync(path) ? stackFileOf(readFileSync(path, "utf8")) : undefined;
}

/** Parses the content of a stack's file. @param text content of Pulumi.STACK.yaml. */
export function stackFileOf(text: string): StackFile {
  const { config } = (yaml.load(text) ?? {}) as { config?: Record<string, unknown> };
  const cluster = config?.["ratesapp:cluster"] as { context?: string } | undefined;
  return { environment: config?.["ratesapp:environment"] as string | undefined, context: cluster?.context };
}

/**
 * The reason why this stack must not be made, or remade, as a sandbox; undefined if it may.
 * @param context the current context of kubectl; undefined if not yet known.
 */
export function refusal(name: string, file: StackFile | undefined, context?: string): string | undefined {
  if (file === undefined) return undefined;
  if (file.environment !== undefined && file.environment !== "sandbox") {
    return `${name} is a stack of environment ${file.environment}; give the sandbox another name`;
  }
  // If the stack were applied to another cluster, everything that it has on the first cluster would be deleted.
  if (context !== undefined && file.context !== undefined && file.context !== context) {
    return `${name} is on ${file.context}, and kubectl speaks to ${context}: kubectl config use-context ${file.context}`;
  }
  return undefined;
}
