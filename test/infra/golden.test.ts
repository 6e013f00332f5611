import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import yaml from "js-yaml";
import { keyOf, PASSWORD, render } from "./render.js";
import { root } from "./root.js";

// Every resource of a stack with its inputs, committed, so that a change of infrastructure is read as a difference of
// these files. `npm run golden` writes them anew.
const renew = process.env.RENEW_GOLDEN === "1";

for (const stack of ["staging", "prod"]) {
  describe(`golden file of ${stack}`, function () {
    this.timeout(60_000);

    it("is what the program registers", async () => {
      const rendered = (await render(stack)).filter(({ component }) => !component);
      const text = yaml.dump(
        Object.fromEntries(
          rendered.map((resource) => [
            keyOf(resource),
            {
              ...(resource.protect && { protect: true }),
              ...(resource.retainOnDelete && { retainOnDelete: true }),
              ...resource.inputs,
            },
          ]),
        ),
        { lineWidth: 120, noRefs: true, sortKeys: true },
      );
      const file = new URL(`golden/${stack}.yaml`, import.meta.url);
      const ours = text.replaceAll(root, ".");
      expect(ours).to.not.include(PASSWORD);
      if (renew) writeFileSync(file, ours);
      expect(existsSync(file) ? readFileSync(file, "utf8") : "").to.equal(ours, "npm run golden writes it anew");
    });
  });
}
