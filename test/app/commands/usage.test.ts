import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { environmentSchema } from "../../../app/settings.js";
import { runRatesapp } from "./ratesapp.js";

describe("ratesapp: usage", function () {
  this.timeout(30_000);

  it("says its version", async () => {
    const manifest = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
    expect(await runRatesapp(["--version"])).to.deep.equal({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  it("helps, with examples", async () => {
    const help = await runRatesapp(["--help"]);
    expect(help.code).to.equal(0);
    for (const command of ["serve", "migrate", "demo", "places", "ingest", "rates", "completion"]) {
      expect(help.stdout).to.match(new RegExp(`^  ${command}\\b`, "m"));
    }
    expect(help.stdout).to.include("Examples:").and.to.include("Exit codes:");
  });

  it("lists every variable of the environment, with defaults", async () => {
    const { code, stdout } = await runRatesapp(["serve", "--help"]);
    expect(code).to.equal(0);
    for (const name of Object.keys(environmentSchema.shape))
      expect(stdout).to.match(new RegExp(`^  ${name} +\\S`, "m"));
    expect(stdout).to.match(/^ {2}PORT .*\(3000\)$/m);
  });

  const WRONG: readonly (readonly [args: string[], says: string])[] = [
    [[], "Usage: ratesapp"],
    [["srve"], "unknown command 'srve'"],
    [["migrate", "--fast"], "unknown option '--fast'"],
    [["migrate", "now"], "too many arguments"],
    [["places", "import", "--regions", "regions.csv"], "required option '--ports <file...>' not specified"],
    [["rates", "--from", "2024-01-01", "--to", "2024-01-01"], "missing required argument 'lanes'"],
    [["rates", "CNSGH:NLRTM", "--from", "2024-01-01"], "required option '--to <day>' not specified"],
    [["ingest", "run"], "--source or --feed is needed"],
    [["ingest", "run", "--sorce", "prices.csv"], "unknown option '--sorce'\n(Did you mean one of --force, --source?)"],
    [["ingest", "run", "--source", "x", "--max-bad-rows", "1e9"], "must be a whole number"],
    [["ingest", "run", "--source", "x", "--mode", "replace"], "--mode replace needs --feed"],
    [["ingest", "run", "--source", "a.csv", "--source", "b.csv"], "--source is given more than once"],
  ];
  for (const [args, says] of WRONG) {
    it(`ends with 2 for: ratesapp ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await runRatesapp(args);
      expect(stderr).to.include(says);
      expect(stdout).to.equal("");
      expect(code).to.equal(2);
    });
  }

  it("ends with 2 and names every mistake of the environment", async () => {
    const { code, stderr } = await runRatesapp(["serve"], { PORT: "x", LOG_LEVEL: "loud", DATABASE_URL: "mysql://db" });
    expect(code).to.equal(2);
    expect(stderr).to.match(/^The environment has 3 mistakes:\n/);
    for (const name of ["PORT", "LOG_LEVEL", "DATABASE_URL"]) expect(stderr).to.include(`\n  ${name}: `);
    expect(stderr).to.include("must look like postgres://user:password@host:5432/database");
    expect(stderr).not.to.match(/^ {4}at /m);
  });

  it("ends with 2 for an address of a database that would never be reached, and keeps its password to itself", async () => {
    const { code, stderr } = await runRatesapp(["serve"], {
      DATABASE_URL: "postgres://user:se#cret/x@127.0.0.1:5432/db",
    });
    expect(code).to.equal(2);
    expect(stderr).to.match(/^The environment has a mistake:\n {2}DATABASE_URL: .*# %23/);
    expect(stderr).not.to.include("cret");
  });

  it("ends with 2 where it should write and only knows where to read", async () => {
    const { code, stderr } = await runRatesapp(["migrate"], { DATABASE_READ_URL: "postgres://localhost/rates" });
    expect(code).to.equal(2);
    expect(stderr).to.include("DATABASE_URL");
  });

  it("ends with 1 and one line for a database that is away; with the stack if the log level asks for details", async () => {
    const away = { DATABASE_URL: "postgres://127.0.0.1:1/rates" };
    const { code, stderr } = await runRatesapp(["migrate"], away);
    expect(code).to.equal(1);
    expect(stderr).to.equal("The database does not answer: connect ECONNREFUSED 127.0.0.1:1\n");
    const socket = await runRatesapp(["migrate"], { DATABASE_URL: "postgres:///rates?host=/tmp/none" });
    expect(socket.code).to.equal(1);
    expect(socket.stderr).to.equal("The database does not answer: connect ENOENT /tmp/none/.s.PGSQL.5432\n");
    expect((await runRatesapp(["migrate"], { ...away, LOG_LEVEL: "debug" })).stderr).to.match(/^ {4}at /m);
  });
});
