import { expect } from "chai";
import { kubectl } from "./kubectl.js";
import type { Stack } from "./stack.js";
import { DATABASE, staging } from "./staging.js";

describe("the drift of a staging stack", () => {
  let stack: Stack;
  before(async () => {
    stack = await staging();
  });

  it("tells what was changed by hand", async () => {
    expect(await stack.drift()).to.equal(undefined);
    const patch = (instances: number) =>
      kubectl([
        ...["-n", DATABASE, "patch", "pooler", "ratesapp-pooler-ro", "--type=merge"],
        ...["-p", JSON.stringify({ spec: { instances } })],
      ]);
    await patch(1);
    expect(await stack.drift()).to.match(/pooler-ro.*instances/s);
    await patch(2);
  });
});
