import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { migrate } from "../../../app/database/migrate.js";
import { createDatabase, type TestDatabase } from "../database.js";
import { runRatesapp, startRatesapp } from "./ratesapp.js";

describe("ratesapp migrate, places import", function () {
  this.timeout(30_000);
  let database: TestDatabase;
  let folder: string;

  before(async () => {
    database = await createDatabase({ empty: true });
    folder = await mkdtemp(join(tmpdir(), "ratesapp-places-"));
  });

  after(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const write = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };

  it("lets a pod wait for the schema that another one brings", async () => {
    const waiting = startRatesapp(["migrate", "--wait"], { DATABASE_READ_URL: database.url, LOG_FORMAT: "json" });
    await waiting.line(/is not there yet/);
    await migrate(database.url);
    expect((await waiting.ended).code).to.equal(0);
    const stopped = startRatesapp(["migrate", "--wait"], { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" });
    await stopped.line(/does not answer/);
    stopped.child.kill("SIGTERM");
    expect((await stopped.ended).code).to.equal(143);
    await database.drop();
    database = await createDatabase({ empty: true });
  });

  it("applies the migrations, and says so when there is nothing to do", async () => {
    const first = await runRatesapp(["migrate"], { DATABASE_URL: database.url });
    expect(first).to.include({ code: 0, stderr: "" });
    expect(first.stdout).to.match(/^applied 1 /);
    const second = await runRatesapp(["migrate"], { DATABASE_URL: database.url });
    expect(second).to.deep.equal({ code: 0, stdout: "The database is at the schema of this release.\n", stderr: "" });
  });

  it("imports places whose parents stand after them", async () => {
    const ports = await write("ports.csv", "code,name,parent_slug\nCNSGH,Shanghai,china_east\n");
    const regions = await write("regions.csv", "slug,name,parent_slug\nchina_east,China East,china\nchina,China,\n");
    const args = ["places", "import", "--ports", ports, "--regions", regions];
    const { code, stdout, stderr } = await runRatesapp(args, { DATABASE_URL: database.url });
    expect(stderr).to.equal("");
    expect(stdout).to.equal("Ports: 1; regions: 2; new or changed: 3.\n");
    expect(code).to.equal(0);
  });

  it("ends with 3, so that nobody tries again, and names every mistake with its line", async () => {
    const ports = await write(
      "bad-ports.csv",
      "code,name,parent_slug\nShanghai,Shanghai,china\nNLRTM,Rotterdam,nowhere\n",
    );
    const regions = await write("one-region.csv", "slug,name,parent_slug\nchina,China,\n");
    const args = ["places", "import", "--ports", ports, "--regions", regions];
    const { code, stderr } = await runRatesapp(args, { DATABASE_URL: database.url });
    expect(code).to.equal(3);
    expect(stderr).to.include(`${ports}:2: `).and.to.include(`${ports}:3: `);
  });

  it("ends with 1 for a file that is not there", async () => {
    const args = ["places", "import", "--ports", join(folder, "none.csv"), "--regions", join(folder, "none.csv")];
    const { code, stderr } = await runRatesapp(args, { DATABASE_URL: database.url });
    expect(code).to.equal(1);
    expect(stderr).to.match(/^ENOENT: no such file or directory.*none\.csv'\n$/);
  });
});
