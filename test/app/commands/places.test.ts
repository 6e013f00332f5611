import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { migrate } from "../../../app/database/migrate.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
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

  const write = async (name: string, text: string | Buffer) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };

  it("lets a pod wait for the schema that another one brings", async () => {
    const waiting = startRatesapp(["migrate", "--wait"], { DATABASE_READ_URL: database.url, LOG_FORMAT: "json" });
    await waiting.line(/is not there yet/);
    await migrate(database.url);
    expect((await waiting.ended).code).to.equal(0);
    const stopped = startRatesapp(["migrate", "--wait"], { DATABASE_URL: "postgres://stranger@127.0.0.1:1/none" });
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

  it("ends with 3, so that no Job tries again, and names every mistake with its line", async () => {
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

  it("ends with 3 for a file in Latin-1 or with a NUL, and stores nothing of it", async () => {
    const count = async () => (await database.pool.query("SELECT count(*)::integer AS n FROM places")).rows[0].n;
    const before = await count();
    const regions = await write("sweden.csv", "slug,name,parent_slug\nsweden,Sverige,\n");
    const header = "code,name,parent_slug\n";
    for (const [content, says] of [
      [Buffer.from(`${header}SEMMA,Malm\u00f6,sweden\n`, "latin1"), "not valid UTF-8"],
      [Buffer.from(`${header}SEMMA,Mal\0mo,sweden\n`), "name: a NUL"],
    ] as const) {
      const ports = await write("broken.csv", content);
      const args = ["places", "import", "--ports", ports, "--regions", regions];
      const { code, stderr } = await runRatesapp(args, { DATABASE_URL: database.url });
      expect(stderr).to.include(`\n  ${ports}:2: ${says}`);
      expect(code).to.equal(3);
    }
    expect(await count()).to.equal(before);
  });

  it("imports UN/LOCODE in its parts, and prices of any of its codes load", async () => {
    const part = (name: string, ...rows: string[]) => write(name, Buffer.from(rows.join("\r\n"), "latin1"));
    const parts = [
      await part("1.csv", ',"DE",,".GERMANY",,,,,,,,', ',"DE","9B0","K\u00f6ln Nord","Koln Nord",,"1-------","RL",,,,'),
      await part("2.csv", ',"IT","940","Gela","Gela",,"1-------","RL",,,,', ',"IT","X-1","?","?",,"1-------","RL",,,,'),
    ];
    const environment = { DATABASE_URL: database.url, LOG_FORMAT: "json" };
    const { code, stdout, stderr } = await runRatesapp(["places", "import", "--ports", ...parts], environment);
    expect(stdout).to.equal("Ports: 2; regions: 2; new or changed: 4.\nRows of UN/LOCODE that were left out: 1.\n");
    expect(stderr).to.equal(`${parts[1]}:2: code "ITX-1" is not the five letters of a UN/LOCODE, such as CNSGH\n`);
    expect(code).to.equal(0);
    const prices = await write("prices.csv", "orig_code,dest_code,day,price\nDE9B0,IT940,2024-01-01,7\n");
    expect((await runRatesapp(["ingest", "run", "--source", prices], environment)).stdout).to.include(
      "published: 1 price",
    );
  });

  it("lists all places, and writes files that another database can import", async () => {
    const environment = { DATABASE_URL: database.url };
    const quoted = await write("quoted.csv", 'code,name,parent_slug\nSEMMA,"Malm\u00f6, ""Norra""",china\n');
    await runRatesapp(["places", "import", "--ports", quoted], environment);
    const table = (await runRatesapp(["places", "list"], environment)).stdout.split("\n");
    expect(table[0]).to.match(/^KIND +CODE +NAME +LIES IN$/);
    expect(table).to.include.members([
      table.find((line) => /^port +CNSGH +Shanghai +china_east$/.test(line)),
      table.find((line) => /^region +china_east +China East +china$/.test(line)),
      table.find((line) => /^region +china +China$/.test(line)),
    ]);
    const json = JSON.parse((await runRatesapp(["places", "list", "--json"], environment)).stdout);
    expect(json).to.deep.include({ kind: "port", code: "SEMMA", name: 'Malm\u00f6, "Norra"', parent: "china" });

    const [ports, regions] = [join(folder, "out-ports.csv"), join(folder, "out-regions.csv")];
    const args = ["places", "export", "--ports", ports, "--regions", regions];
    expect(await runRatesapp(args, environment)).to.deep.equal({ code: 0, stdout: "", stderr: "" });
    const other = await createDatabase();
    try {
      const elsewhere = { DATABASE_URL: other.url };
      const imported = await runRatesapp(["places", "import", "--ports", ports, "--regions", regions], elsewhere);
      expect(imported).to.include({ code: 0, stderr: "" });
      expect(JSON.parse((await runRatesapp(["places", "list", "--json"], elsewhere)).stdout)).to.deep.equal(json);
    } finally {
      await other.drop();
    }
    await write("out-ports.csv", "mine");
    const refused = await runRatesapp(args, environment);
    expect(refused).to.include({
      code: 2,
      stderr: `${ports} is there already and stays as it is; --force overwrites it.\n`,
    });
    expect((await runRatesapp([...args, "--force"], environment)).code).to.equal(0);
  });

  it("reads no more than a file of places can have", async () => {
    const args = ["places", "import", "--ports", "/dev/zero"];
    const { code, stderr } = await runRatesapp(args, { DATABASE_URL: database.url });
    expect(stderr).to.include("/dev/zero: larger than 64 MiB");
    expect(code).to.equal(3);
  });

  it("ends with 1 for a file that is not there", async () => {
    const args = ["places", "import", "--ports", join(folder, "none.csv"), "--regions", join(folder, "none.csv")];
    const { code, stderr } = await runRatesapp(args, { DATABASE_URL: database.url });
    expect(code).to.equal(1);
    expect(stderr).to.equal(`${join(folder, "none.csv")} cannot be read: no such file or directory.\n`);
  });
});
