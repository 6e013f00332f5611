import { expect } from "chai";
import type pg from "pg";
import { useFreshDatabase } from "../../kit/database.js";
import { skipWithout } from "../../kit/skip.js";
import { bringPlaces, createFolder, type Folder, HEADER, someLines } from "../ingest/setup.js";
import { startOnTerminal, startRatesapp } from "./ratesapp.js";

const LOCK = 4712;

describe("ratesapp ingest run, while it loads", function () {
  this.timeout(60_000);
  const test = useFreshDatabase();
  let folder: Folder;
  let holder: pg.PoolClient;
  let args: string[];
  const environment = () => ({ DATABASE_URL: test.url, LOG_FORMAT: "json" });

  beforeEach(async () => {
    folder = await createFolder();
    await bringPlaces(test.pool);
    // The piece is not done before the test lets it be.
    await test.pool.query(`
      CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(${LOCK}); RETURN NEW; END $$;
      CREATE TRIGGER waits BEFORE UPDATE ON pieces FOR EACH ROW WHEN (NEW.state = 'loaded') EXECUTE FUNCTION wait()`);
    holder = await test.pool.connect();
    await holder.query("SELECT pg_advisory_lock($1)", [LOCK]);
    const path = await folder.write("prices.csv", `${HEADER}\n${someLines(100).join("\n")}\n`);
    args = ["ingest", "run", "--source", path, "--deadline", "1"];
  });
  afterEach(async () => {
    holder.release(true);
    await folder.remove();
  });

  it("draws a bar on a terminal, warns above it once, and clears it before it says how it ended", async function () {
    await skipWithout(this, "script");
    const running = startOnTerminal(args, environment());
    await running.line(/[█░]{24} 0 % prices\.csv · 0 rows · 0 MB of 0 MB/);
    await running.line(/"the batch has missed its deadline"/);
    // Drawn again, on the line below.
    await running.line(/^(?!.*missed).*0 % prices\.csv · 0 rows/);
    await holder.query("SELECT pg_advisory_unlock($1)", [LOCK]);
    const { code, stdout } = await running.ended;
    expect(code).to.equal(0);
    expect(stdout.match(/missed its deadline/g)).to.have.length(1);
    const cleared = "\u001b[2K";
    expect(stdout).to.match(/100 prices\.\r\n$/);
    expect(stdout).to.include(`${cleared}Batch 1 (prices.csv) is published: 100 prices.`);
  });

  it("writes a log line every few seconds elsewhere, and warns once that the deadline is missed", async () => {
    const running = startRatesapp(args, environment());
    const line = JSON.parse(await running.line(/"msg":"prices\.csv · 0 rows/));
    expect(line).to.include({ batch: 1, state: "loading", pieces: 1, pieces_loaded: 0, rows: 0 });
    await running.line(/"the batch has missed its deadline"/);
    await holder.query("SELECT pg_advisory_unlock($1)", [LOCK]);
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: "Batch 1 (prices.csv) is published: 100 prices.\n" });
    expect(stderr.match(/missed its deadline/g)).to.have.length(1);
  });
});
