import { expect } from "chai";
import { refusal } from "../../../infra/archive/empty-beside-archive.js";

describe("a database that is about to be created", () => {
  const given = {
    beginning: "empty" as const,
    cluster: "ratesapp",
    destination: "s3://backups",
    workloads: "ratesapp-prod",
    serverName: "ratesapp-prod-0badcafe",
  };
  const restored = { ...given, beginning: { server: "ratesapp-prod-11111111" }, cluster: "restored-a" };

  it("may be empty beside an archive that has nothing, or only other stacks", () => {
    for (const servers of [[], ["ratesapp-prod-eu-0badcafe", "ratesapp-staging-0badcafe", "ratesapp-prod-notes"]]) {
      expect(refusal({ ...given, servers })).to.equal(undefined);
    }
  });

  it("is not empty beside the archive of the one that was lost, with the state or without", () => {
    expect(refusal({ ...given, servers: ["ratesapp-prod-0badcafe"] })).to.equal(
      "ratesapp was there before, and would come up without the data that it stored into s3://backups/ratesapp-prod-0badcafe",
    );
  });

  it("is not empty beside a database that was restored", () => {
    expect(refusal({ ...given, servers: ["ratesapp-prod-restored-20261128-101500-11111111"] })).to.equal(
      "ratesapp would be empty, and s3://backups/ has data of this stack: ratesapp-prod-restored-20261128-101500-11111111",
    );
  });

  it("may be empty beside data that its owner gave up, but not beside its own", () => {
    const meant = { ...given, beginning: "empty-beside-archive" as const };
    for (const servers of [["ratesapp-prod-11111111"], new Error("away")]) {
      expect(refusal({ ...meant, servers })).to.equal(undefined);
    }
    expect(refusal({ ...meant, servers: ["ratesapp-prod-0badcafe"] })).to.match(/^ratesapp was there before/);
  });

  it("is not made beside an archive that cannot be read", () => {
    expect(refusal({ ...given, servers: new Error("the archive cannot be read from here") })).to.equal(
      "ratesapp would be created, and the archive cannot be read from here",
    );
  });

  it("is restored from another one, but not a second time as it was then", () => {
    expect(refusal({ ...restored, servers: ["ratesapp-prod-11111111"] })).to.equal(undefined);
    expect(refusal({ ...restored, servers: ["ratesapp-prod-11111111", "ratesapp-prod-restored-b-22222222"] })).to.equal(
      undefined,
    );
    expect(refusal({ ...restored, servers: ["ratesapp-prod-11111111", "ratesapp-prod-restored-a-22222222"] })).to.match(
      /^restored-a was there before/,
    );
  });
});
