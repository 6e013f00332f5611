import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { feedFiles, fromRoot } from "../../../build/feed-definition.js";

describe("the definition of a feed", () => {
  it("is what stands in the chart and in the docs; `npm run feeds` writes it", async () => {
    for (const [path, wanted] of await feedFiles()) {
      expect(await readFile(fromRoot(path), "utf8"), path).to.equal(wanted);
    }
  });
});
