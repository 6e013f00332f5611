import { expect } from "chai";
import { IMAGE } from "./settings.js";
import { Stack } from "./stack.js";
import { currentContext } from "./staging.js";

describe("a production stack", () => {
  it("plans without error on an empty cluster", async () => {
    const production = await Stack.create("prod");
    production.configure({
      environment: "prod",
      image: IMAGE,
      cluster: { context: await currentContext() },
      // What staging's preview has tried; it takes half a minute.
      platform: {
        cloudnativePg: "present",
        argoRollouts: "present",
        certManager: "absent",
        barmanPlugin: "absent",
        prometheus: "present",
      },
      database: { backups: { destination: "s3://backups/", method: "in-tree" } },
    });
    const plan = await production.preview();
    expect(plan).to.match(/\d+ to create/);
    expect(plan).to.match(/postgresql.cnpg.io\/v1:ScheduledBackup/);
  });
});
