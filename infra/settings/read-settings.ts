import type { z } from "zod";
import { impossibleCombinations, type Mistake } from "./combinations.js";
import { environments } from "./environments.js";
import { merge } from "./merge.js";
import { type Settings, settingsSchema } from "./schema.js";
import { secretKeys } from "./secrets.js";
import { StackSettingsError } from "./settings-error.js";

/**
 * Reads the settings of a stack: the values of Pulumi.<stack>.yaml over the defaults of its environment, validated
 * together.
 * @param raw values by name without `ratesapp:`, as {@link rawSettings} returns them.
 * @param defaultImage the image of a stack that names none.
 * @throws {StackSettingsError} that lists every mistake with its key.
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
    alarmReceivers: raw.alarmReceivers !== undefined,
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

/** Settings of the project in the form of Pulumi (`project:key` to text). Text that contains JSON is parsed. */
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
