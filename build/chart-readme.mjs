// Writes the table of values into charts/ratesapp/README.md. Names, defaults and descriptions come from values.yaml and
// values.schema.json. With --check, it only reports whether the table is up to date.
import { readFile, writeFile } from "node:fs/promises";
import { load } from "js-yaml";

const chart = new URL("../charts/ratesapp/", import.meta.url);
const BEGIN = "<!-- values: made by build/chart-readme.mjs -->\n";

/** The README with the current table. */
async function chartReadme() {
  const [readme, values, schema] = await Promise.all([
    readFile(new URL("README.md", chart), "utf8"),
    readFile(new URL("values.yaml", chart), "utf8").then(load),
    readFile(new URL("values.schema.json", chart), "utf8").then(JSON.parse),
  ]);
  const resolved = (part) => ({ ...schema.definitions[part.$ref?.split("/").at(-1)], ...part });

  /** Yields one row for each value that can be set. The values of a feed are listed under feeds.NAME. */
  function* rows(part, name, value) {
    const { properties, additionalProperties, description = "" } = resolved(part);
    const entry = additionalProperties?.$ref && resolved(additionalProperties);
    // These values get a single row, although the schema describes their members. The members of a pod are listed once,
    // at the top.
    const whole = part.$ref?.endsWith("/resources") || (part.$ref?.endsWith("/pod") && name.length > 1);
    if (whole) yield [name, value, description];
    else if (properties)
      for (const key of Object.keys(properties)) yield* rows(properties[key], [...name, key], value?.[key]);
    else if (entry?.properties) yield* rows(entry, [...name, "NAME"], undefined);
    else yield [name, value, description];
  }

  const table = [...rows(schema, [], values)]
    .filter(([[first]]) => first !== "global")
    .map(([name, value, description]) => {
      const shown = value === undefined || value === "" ? "" : `\`${JSON.stringify(value).replaceAll("|", "\\|")}\``;
      return `| \`${name.join(".")}\` | ${shown} | ${description.replaceAll("|", "\\|")} |\n`;
    });
  return `${readme.slice(0, readme.indexOf(BEGIN))}${BEGIN}\n| value | default | meaning |\n| --- | --- | --- |\n${table.join("")}`;
}

const file = new URL("README.md", chart);
const wanted = await chartReadme();
if (!process.argv.includes("--check")) await writeFile(file, wanted);
else if (wanted !== (await readFile(file, "utf8"))) {
  console.error("charts/ratesapp/README.md is not of these values: node build/chart-readme.mjs");
  process.exitCode = 1;
}
