// Writes what is made of the one definition of a feed (app/operator/feed): the CustomResourceDefinition and the grammar
// of schedules in the chart, and the tables of docs/feeds.md. With --check it only says whether they are of today.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { dump } from "js-yaml";
import { feedDefinition } from "../app/operator/feed/feed-definition.js";
import { scheduleGrammar } from "../app/operator/feed/schedule.js";

const HEAD = "# Made by build/feed-definition.ts of app/operator/feed.\n";

const FIELDS = "<!-- fields: made by build/feed-definition.ts -->\n";

interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** One row for each field, those within another behind it. */
function* rows({ properties = {}, required = [] }: Schema, above = ""): Generator<string> {
  for (const [name, field] of Object.entries(properties)) {
    const { description = "", enum: choices, maximum, minimum } = field;
    const byDefault = field.default === undefined ? "" : `\`${String(field.default)}\``;
    const range = choices ? ` (${choices.join(", ")})` : minimum === undefined ? "" : ` (${minimum} to ${maximum})`;
    const needed = required.includes(name) ? "needed" : byDefault;
    yield `| \`${above}${name}\` | ${needed} | ${description.replaceAll("|", "\\|")}${range} |\n`;
    yield* rows(field, `${above}${name}.`);
  }
}

/** docs/feeds.md with the table of today's fields. */
async function feedsPage(): Promise<string> {
  const page = await readFile(fromRoot("docs/feeds.md"), "utf8");
  const [version] = (feedDefinition().spec as { versions: { schema: { openAPIV3Schema: Schema } }[] }).versions;
  const spec = version?.schema.openAPIV3Schema.properties?.spec ?? {};
  const table = `\n| field of \`spec\` | default | meaning |\n| --- | --- | --- |\n${[...rows(spec)].join("")}`;
  return page.slice(0, page.indexOf(FIELDS)) + FIELDS + table;
}

/** The files by path from the project's folder, as they should be. */
export async function feedFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["charts/ratesapp/crds/feeds.yaml", HEAD + dump(feedDefinition(), { lineWidth: -1, noRefs: true })],
    ["docs/feeds.md", await feedsPage()],
    ["charts/ratesapp/schedules.json", `${JSON.stringify(scheduleGrammar, undefined, 2)}\n`],
  ]);
}

export const fromRoot = (path: string): URL => new URL(`../${path}`, import.meta.url);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, wanted] of await feedFiles()) {
    const file = fromRoot(path);
    if (!process.argv.includes("--check")) await writeFile(file, wanted);
    else if (wanted !== (await readFile(file, "utf8"))) {
      console.error(`${path} is not of the definition of today: npm run feeds`);
      process.exitCode = 1;
    }
  }
}
