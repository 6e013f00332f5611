import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect } from "chai";
import { failBatch } from "../../../app/batches/fail.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { ingestSource } from "../../../app/ingest/ingest-source.js";
import { readPorts } from "../../../app/ingest/load/read-ports.js";
import { openUpload } from "../../../app/ingest/uploads/upload.js";
import { uploadPiece } from "../../../app/ingest/uploads/upload-piece.js";
import { deliver, loadBatch } from "../../kit/batches.js";
import { useFreshDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";
import { age, seen } from "../ingest/deliveries.js";
import { createFolder, type Folder, HEADER, only } from "../ingest/setup.js";
import { runRatesapp } from "./ratesapp.js";

const PRICE = { origin: "AAAAA", destination: "BBBBB", day: "2024-05-01", price: 10 };

describe("ratesapp batches", function () {
  this.timeout(60_000);
  const test = useFreshDatabase();
  let folder: Folder;
  let published: number;
  let failed: number;

  beforeEach(async () => {
    folder = await createFolder();
    await bringPlaces(test.database, { ports: { AAAAA: "near", BBBBB: "near" }, regions: { near: "" } });
    published = await deliver(test.database, { feed: "asia", prices: [PRICE, PRICE] });
    failed = await loadBatch(test.database, { feed: "europe", prices: [PRICE] });
    await failBatch(test.database, failed, "Piece 0 failed 8 times.");
  });
  afterEach(() => folder.remove());

  const run = (...args: string[]) => runRatesapp(["batches", ...args], { DATABASE_URL: test.url });

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
    expect((await run("retract", String(published))).stdout).to.match(/is retracted.*version 3/);
    expect((await seen(test.pool)).size).to.equal(0);
    expect((await run("retract", String(published))).stdout).to.match(/retracted before/);
    expect((await run("publish", String(published))).stdout).to.match(/is published .*version 4/);
    expect((await seen(test.pool)).size).to.equal(4);
  });

  it("folds behind a publish and a retract, and shows what a fold holds", async () => {
    const ids: number[] = [];
    for (let day = 1; day <= 4; day += 1) {
      ids.push(await deliver(test.database, { feed: "folded", prices: [{ ...PRICE, day: `2023-05-0${day}` }] }));
    }
    await run("retract", String(ids[0]));
    await run("publish", String(ids[0]));
    const { rows } = await test.pool.query("SELECT id FROM batches WHERE feed = 'folded' AND mode = 'compaction'");
    expect(rows).to.have.length(1);
    const { stdout } = await run("show", String(rows[0].id));
    expect(stdout).to.match(new RegExp(`^holds +4 batches, ${ids[0]} to ${ids[3]}$`, "m"));
  });

  it("lays a failed batch aside for another try", async () => {
    const source = await folder.write("prices.csv", `${HEADER}\nAAAAA\n`);
    const load = async () => only(await ingestSource({ database: test.database, source, feed: "sea" })).batchId;
    const first = await load();
    expect((await run("retry", String(first))).stdout).to.include(`next \`ratesapp ingest run\` of ${source} loads it`);
    // The next run finds the delivery and loads it: there is nothing left to promise.
    const second = await load();
    const again = await run("retry", String(first));
    expect(again.code).to.equal(1);
    expect(again.stderr).to.equal(`Batch ${first} was loaded again as batch ${second}, which is failed.\n`);
    const refused = await run("retry", String(published));
    expect(refused).to.include({ code: 1, stdout: "" });
    expect(refused.stderr).to.equal(`Batch ${published} is published; only a failed one can be loaded again.\n`);
  });

  it("ends a batch that cannot be finished, with its rows", async () => {
    const id = await loadBatch(test.database, { feed: "europe", prices: [PRICE, PRICE] });
    expect((await run("fail", String(id), "--reason", "The wrong file.")).stdout).to.equal(
      `Batch ${id} failed; 2 prices were deleted.\n`,
    );
    expect((await run("show", String(id))).stdout).to.match(/^failure +The wrong file\.$/m);
    expect((await run("fail", String(published))).stderr).to.match(/is published and can no longer fail; retract it/);
  });

  it("publishes an upload that is complete, once, and says what another one lacks", async () => {
    const open = async (key: string) => {
      const upload = { kind: "pieces", feed: "sender", mode: "append", source: "upload", maxBadRows: 0 } as const;
      return (await openUpload(test.database, { ...upload, key, deadlineSeconds: null })).id;
    };
    const send = async (batchId: number) =>
      uploadPiece(test.database, {
        batchId,
        number: 0,
        format: "csv",
        body: Readable.from([Buffer.from("orig_code,dest_code,day,price\nAAAAA,BBBBB,2024-05-02,10\n")]),
        ports: await readPorts(test.database),
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
    const text = `${HEADER}\nx,y\nz\n`;
    const line = "AAAAA,BBBBB,2024-05-02,10\n";
    const source = await folder.write("prices.csv", text.replace("x,y", `${line}x,y`));
    const { batchId } = only(await ingestSource({ database: test.database, source, maxBadRows: 2 }));
    expect(await run("rejects", String(batchId))).to.include({ code: 0, stdout: text });
    const path = join(folder.path, "bad.csv");
    expect((await run("rejects", String(batchId), path)).code).to.equal(0);
    expect(await readFile(path, "utf8")).to.equal(text);
    expect((await run("rejects", String(failed))).stderr).to.match(/no lines were left out of it/);
  });

  it("compacts, and drops old months", async () => {
    const delivery = { feed: "sender", prices: [{ ...PRICE, day: "2024-05-02" }], known: true };
    await deliver(test.database, delivery);
    const twin = await loadBatch(test.database, delivery);
    expect((await auditBatch(test.database, twin)).state).to.equal("duplicate");
    expect(JSON.parse((await run("compact", "--json")).stdout)).to.deep.equal({
      folded: 0,
      // Of the failed batch, and of the one that came twice.
      deleted: { daily_rates: 4, prices: 2 },
      dropped: [],
    });
    await age(test.pool, 31);
    const { stdout } = await run("compact", "--retention-days", "30");
    expect(stdout).to.match(/^Dropped 2024-05\.$/m);
    expect((await seen(test.pool)).size).to.equal(0);
  });

  it("refuses what is too old, unknown or no number", async () => {
    await age(test.pool, 31);
    expect((await run("retract", String(published))).stderr).to.match(
      /can be retracted or published again for 30 days/,
    );
    expect(await run("show", "999")).to.include({ code: 1, stderr: "There is no batch 999.\n" });
    expect((await run("show", "x")).code).to.equal(2);
  });
});
