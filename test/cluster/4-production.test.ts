import { expect } from "chai";
import { IMAGE, stagingSettings } from "./settings.js";
import { Stack } from "./stack.js";
import { currentContext } from "./staging.js";

describe("a production stack", () => {
  it("plans without error on an empty cluster", async () => {
    const production = await Stack.create("prod");
    const context = await currentContext();
    const { platform } = stagingSettings(context, "deliveries", true) as { platform: object };
    production.configure({
      environment: "prod",
      image: IMAGE,
      cluster: { context },
      platform,
      database: { backups: { destination: "s3://backups/", method: "in-tree" } },
    });
    expect(await production.preview()).to.match(/\d+ to create/);
  });
});
