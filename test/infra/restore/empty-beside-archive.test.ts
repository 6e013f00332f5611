import { expect } from "chai";
import { refusal } from "../../../infra/archive/empty-beside-archive.js";

describe("a database that is about to be created", () => {
  const given = {
    beginning: "empty" as const,
    cluster: "ratesapp",
    destination: "s3://backups",
    folders: "ratesapp-prod-",
    serverName: "ratesapp-prod-0badcafe",
  };
  const restored = { ...given, beginning: { server: "ratesapp-prod-11111111" }, cluster: "restored" };

  it("may be empty beside an archive that has nothing, or only other stacks", () => {
    for (const servers of [[], ["ratesapp-prod-eu-0badcafe", "ratesapp-staging-0badcafe", "ratesapp-prod-notes"]]) {
      expect(refusal({ ...given, servers })).to.equal(undefined);
    }
  });

  it("is not empty beside the archive of the one that was lost", () => {
    expect(refusal({ ...given, servers: ["ratesapp-prod-0badcafe"] })).to.equal(
      "ratesapp was there before: s3://backups/ratesapp-prod-0badcafe has its data, which it would not have again",
    );
  });

  it("is not empty beside an earlier database of a stack whose state was lost", () => {
    expect(refusal({ ...given, servers: ["ratesapp-prod-11111111"] })).to.equal(
      "ratesapp would be empty, and s3://backups/ has data of this stack: ratesapp-prod-11111111",
    );
  });

  it("is not empty beside an archive that cannot be read", () => {
    expect(refusal({ ...given, servers: new Error("the archive cannot be read from here") })).to.equal(
      "ratesapp would be empty, and the archive cannot be read from here",
    );
  });

  it("is restored from another folder, but not a second time as it was then", () => {
    expect(refusal({ ...restored, servers: ["ratesapp-prod-11111111"] })).to.equal(undefined);
    expect(refusal({ ...restored, servers: new Error("away") })).to.equal(undefined);
    expect(refusal({ ...restored, servers: ["ratesapp-prod-0badcafe"] })).to.match(/^restored was there before/);
  });
});
