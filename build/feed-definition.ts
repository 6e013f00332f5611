// Writes what is made of the one definition of a feed (app/operator/feed): the CustomResourceDefinition and the grammar
// of schedules in the chart, and the tables of docs/feeds.md. With --check it only says whether they are of today.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { dump } from "js-yaml";
import { feedDefinition } from "../app/operator/feed/feed-definition.js";
import { scheduleGrammar } from "../app/operator/feed/schedule.js";

const HEAD = "# Made by build/feed-definition.ts of app/operator/feed.\n";

/** The files by path from the project's folder, as they should be. */
async function feedFiles(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["charts/ratesapp/crds/feeds.yaml", HEAD + dump(feedDefinition(), { lineWidth: -1, noRefs: true })],
    ["charts/ratesapp/schedules.json", `${JSON.stringify(scheduleGrammar, undefined, 2)}\n`],
  ]);
}

const fromRoot = (path: string): URL => new URL(`../${path}`, import.meta.url);

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
