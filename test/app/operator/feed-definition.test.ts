import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { feedDefinition } from "../../../app/operator/feed/feed-definition.js";
import { feedNameRule } from "../../../app/operator/feed/feed-spec.js";
import { feedFiles, fromRoot } from "../../../build/feed-definition.js";

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** Every field below a schema, with its path. */
function* fieldsOf({ properties = {}, items }: Schema, above: string): Generator<[path: string, field: Schema]> {
  for (const [name, field] of Object.entries(properties)) {
    yield [`${above}.${name}`, field];
    yield* fieldsOf(field, `${above}.${name}`);
  }
  if (items) yield* fieldsOf(items, above);
}

describe("the definition of a feed", () => {
  it("is what stands in the chart and in the docs; `npm run feeds` writes it", async () => {
    for (const [path, wanted] of await feedFiles()) {
      expect(await readFile(fromRoot(path), "utf8"), path).to.equal(wanted);
    }
  });

  it("explains each field without its neighbours, because `kubectl explain` sorts fields by name", () => {
    const [version] = (feedDefinition().spec as { versions: { schema: { openAPIV3Schema: Schema } }[] }).versions;
    const { spec = {}, status = {} } = version?.schema.openAPIV3Schema.properties ?? {};
    const fields = [...fieldsOf(spec, "spec"), ...fieldsOf(status, "status")];
    expect(fields).to.have.length.above(50);
    for (const [path, { description = "" }] of fields) {
      expect(description, path).to.match(/^(?!Of |When it |Why it |Lines that were not$)./);
    }
  });

  it("says of a name that is refused what is wrong with it", () => {
    const isName = (name: string) => new RegExp(feedNameRule.pattern).test(name);
    for (const name of ["a", "asia-2", "a".repeat(24)]) expect(isName(name), name).to.equal(true);
    for (const name of ["2nd-feed", "asia-", "Asia", "a".repeat(25)]) expect(isName(name), name).to.equal(false);
    expect(feedNameRule.message).to.include("begin with a letter and end with a letter or digit");
  });

  it("is shown in the docs by the example that they apply", async () => {
    const [page, example] = await Promise.all(
      ["docs/feeds.md", "examples/feed.yaml"].map((path) => readFile(fromRoot(path), "utf8")),
    );
    expect(page).to.include(`\`\`\`yaml\n${example}\`\`\``);
  });
});
