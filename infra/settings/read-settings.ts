import type { z } from "zod";
import { impossibleCombinations, type Mistake } from "./combinations.js";
import { environments } from "./environments.js";
import { merge } from "./merge.js";
import { type Settings, settingsSchema } from "./schema.js";
import { secretKeys } from "./secrets.js";
import { StackSettingsError } from "./settings-error.js";

/**
 * A stack's settings: what Pulumi.<stack>.yaml says, over what its environment starts from, checked as a whole.
 * @param raw by name without `ratesapp:`, as {@link rawSettings} returns it.
 * @param defaultImage of a stack that names none.
 * @throws {StackSettingsError} with every mistake and its key.
 */
export function readStackSettings(
  stack: string,
  raw: Readonly<Record<string, unknown>>,
  defaultImage: string,
): Settings {
  const given = Object.fromEntries(Object.entries(raw).filter(([key]) => !secretKeys.some((secret) => secret === key)));
  const environment = String(given.environment ?? "sandbox");
  const defaults = Object.hasOwn(environments, environment)
    ? environments[environment as Settings["environment"]]
    : environments.sandbox;
  const merged = merge({ environment, image: defaultImage, cluster: {}, ...defaults }, given);
  const parsed = settingsSchema.safeParse(merged, { reportInput: true });
  if (!parsed.success) throw new StackSettingsError(stack, parsed.error.issues.flatMap(mistakesOf));
  const impossible = impossibleCombinations(parsed.data, {
    backupCredentials: raw.backupCredentials !== undefined,
    writeTokens: raw.writeTokens !== undefined,
    feedCredentials: Object.keys((raw.feedCredentials as object | undefined) ?? {}),
  });
  if (impossible.length > 0) throw new StackSettingsError(stack, impossible);
  return parsed.data;
}

function mistakesOf(issue: z.core.$ZodIssue): Mistake[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => [[...issue.path, key].join("."), "there is no such setting"]);
  }
  if (issue.code === "invalid_key") return issue.issues.map(({ message }) => [issue.path.join("."), message]);
  const missing = issue.code === "invalid_type" && issue.input === undefined;
  return [[issue.path.join("."), missing ? "is missing" : issue.message]];
}

/** Settings of the project as Pulumi hands them over (`project:key` to text), parsed where they hold JSON. */
export function rawSettings(all: Readonly<Record<string, string>>): Record<string, unknown> {
  const ours = Object.entries(all).filter(([key]) => key.startsWith("ratesapp:"));
  return Object.fromEntries(ours.map(([key, text]) => [key.slice("ratesapp:".length), parsed(text)]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
