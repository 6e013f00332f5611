import { environmentSchema } from "../settings.js";

/** The environment variables with their meaning and default, for --help. */
export function environmentHelp(): string {
  const variables = Object.entries(environmentSchema.shape);
  const width = Math.max(...variables.map(([name]) => name.length));
  const lines = variables.map(([name, schema]) => {
    const byDefault = defaultOf(schema);
    const shown = byDefault === undefined ? "" : ` (${byDefault})`;
    return `  ${name.padEnd(width)}  ${schema.description ?? ""}${shown}`;
  });
  return `Environment:\n${lines.join("\n")}`;
}

/** The value that the schema gives to a variable that is not set. */
function defaultOf(schema: { safeParse(value: undefined): { data?: unknown } }): string | undefined {
  const { data } = schema.safeParse(undefined);
  return typeof data === "string" || typeof data === "number" ? String(data) : undefined;
}
