import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect } from "chai";
import { failBatch } from "../../../app/batches/fail.js";
import { readPorts } from "../../../app/ingest/load/read-ports.js";
import { openUpload } from "../../../app/ingest/uploads/upload.js";
import { uploadPiece } from "../../../app/ingest/uploads/upload-piece.js";
import { createDatabase, type TestDatabase } from "../database.js";
import { age, deliver, load, type Price, seen } from "../ingest/deliveries.js";
import { createFolder } from "../ingest/setup.js";
import { plant } from "../ingest/tree.js";
import { runRatesapp } from "./ratesapp.js";

describe("ratesapp batches", function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let published: number;
  let failed: number;
  let prices: Price[];

  before(async () => {
    database = await createDatabase();
    const { ports } = await plant(database.pool, { regionParents: [-1], portParents: [0, 0] });
    const price = { origin: ports[0] as number, destination: ports[1] as number, day: "2024-05-01", price: 10 };
    prices = [price, price];
    published = await deliver(database.pool, { feed: "asia", prices });
    failed = await load(database.pool, { feed: "europe", prices: [price] });
    await failBatch(database, failed, "Piece 0 failed 8 times.");
  });

  after(() => database.drop());

  const run = (...args: string[]) => runRatesapp(["batches", ...args], { DATABASE_URL: database.url });

  it("lists as a table and as JSON", async () => {
    const table = (await run("list")).stdout.trimEnd().split("\n");
    expect(table[0]).to.match(/^ID +STATE +FEED +ROWS/);
    expect(table[1]).to.match(new RegExp(`^ ?${failed} +failed +europe +1 +0 +\\d{4}-`));
    expect(table[2]).to.match(new RegExp(`^ ?${published} +published +asia +2 `));
    const json = JSON.parse((await run("list", "--feed", "asia", "--json")).stdout);
    expect(json.map((batch: { id: number }) => batch.id)).to.deep.equal([published]);
  });

  it("shows why a batch failed", async () => {
    const { stdout, code } = await run("show", String(failed));
    expect(stdout).to.match(/^failure +Piece 0 failed 8 times\.$/m);
    expect(code).to.equal(0);
  });

  it("retracts and publishes, and says whether anything changed", async () => {
    expect((await run("retract", String(published))).stdout).to.match(/is retracted.*version 2/);
    expect((await seen(database.pool)).size).to.equal(0);
    expect((await run("retract", String(published))).stdout).to.match(/retracted before/);
    expect((await run("publish", String(published))).stdout).to.match(/is published .*version 3/);
    expect((await seen(database.pool)).size).to.equal(4);
  });

  it("lays a failed batch aside for another try", async () => {
    expect((await run("retry", String(failed))).stdout).to.match(/next `ratesapp ingest run` of test loads it/);
    // The next run found the delivery and loaded it: there is nothing left to promise.
    const { rows } = await database.pool.query<{ id: number }>(
      `INSERT INTO batches (feed, source, identity, mode, state)
       SELECT feed, source, replace(identity, ' (failed as batch ' || id || ')', ''), mode, 'failed'
       FROM batches WHERE id = $1 RETURNING id`,
      [failed],
    );
    const again = await run("retry", String(failed));
    expect(again.code).to.equal(1);
    expect(again.stderr).to.equal(`Batch ${failed} was loaded again as batch ${rows[0]?.id}, which is failed.\n`);
    await database.pool.query("DELETE FROM batches WHERE id = $1", [rows[0]?.id]);
    const refused = await run("retry", String(published));
    expect(refused).to.include({ code: 1, stdout: "" });
    expect(refused.stderr).to.equal(`Batch ${published} is published; only a failed one can be loaded again.\n`);
  });

  it("ends a batch that nobody will finish, with its rows", async () => {
    const id = await load(database.pool, { feed: "europe", prices });
    expect((await run("fail", String(id), "--reason", "The wrong file.")).stdout).to.equal(
      `Batch ${id} failed; 2 prices were deleted.\n`,
    );
    expect((await run("show", String(id))).stdout).to.match(/^failure +The wrong file\.$/m);
    expect((await run("fail", String(published))).stderr).to.match(/is published and can no longer fail; retract it/);
  });

  it("publishes an upload that is complete, once, and says what another one lacks", async () => {
    const open = async (key: string) => {
      const upload = { kind: "pieces", feed: "sender", mode: "append", source: "upload", maxBadRows: 0 } as const;
      return (await openUpload(database, { ...upload, key, deadlineSeconds: null })).id;
    };
    const send = async (batchId: number) =>
      uploadPiece(database, {
        batchId,
        number: 0,
        format: "csv",
        body: Readable.from([Buffer.from("orig_code,dest_code,day,price\nAAAAA,AAAAB,2024-05-02,10\n")]),
        ports: await readPorts(database),
        maxBytes: 1_000,
      });
    const id = await open("complete");
    const lacking = await run("publish", String(id));
    expect(lacking).to.include({ code: 1, stderr: `Batch ${id} is not complete. It holds no prices yet.\n` });
    await send(id);
    const list = async () => (await run("list", "--feed", "sender")).stdout;
    expect(await list()).to.match(/\d +uploaded, not published +sender +1 /);
    expect((await run("publish", String(id))).stdout).to.match(new RegExp(`^Batch ${id} is published `));
    expect(await list()).to.match(/\d +published +sender +1 /);

    const twin = await open("the same again");
    await send(twin);
    expect(await run("publish", String(twin))).to.include({
      code: 0,
      stdout: `Batch ${twin} has the same prices as batch ${id}. Nothing changed.\n`,
    });
  });

  it("writes the lines that were left out, to a file or to standard output", async () => {
    await database.pool.query("UPDATE batches SET columns = 'price,day' WHERE id = $1", [published]);
    await database.pool.query(
      "INSERT INTO bad_lines (batch_id, piece, line, reason, content) VALUES ($1, 0, 2, 'bad', 'x,y'), ($1, 0, 5, 'bad', 'z')",
      [published],
    );
    const text = "price,day\nx,y\nz\n";
    expect(await run("rejects", String(published))).to.include({ code: 0, stdout: text });
    const folder = await createFolder();
    const path = join(folder.path, "bad.csv");
    expect((await run("rejects", String(published), path)).code).to.equal(0);
    expect(await readFile(path, "utf8")).to.equal(text);
    await folder.remove();
    expect((await run("rejects", String(failed))).stderr).to.match(/no lines were left out of it/);
  });

  it("compacts, and drops old months", async () => {
    expect(JSON.parse((await run("compact", "--json")).stdout)).to.deep.equal({
      folded: 0,
      // Of the failed batch, and of the upload that came twice.
      deleted: { daily_rates: 4, prices: 2 },
      dropped: [],
    });
    await age(database.pool, 31);
    const { stdout } = await run("compact", "--retention-days", "30");
    expect(stdout).to.match(/^Dropped 2024-05\.$/m);
    expect((await seen(database.pool)).size).to.equal(0);
  });

  it("refuses what is too old, unknown or no number", async () => {
    expect((await run("retract", String(published))).stderr).to.match(
      /can be retracted or published again for 30 days/,
    );
    expect(await run("show", "999")).to.include({ code: 1, stderr: "There is no batch 999.\n" });
    expect((await run("show", "x")).code).to.equal(2);
  });
});
