import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type pg from "pg";
import { failBatch } from "../../app/batches/fail.js";
import { Database } from "../../app/database/database.js";
import { openPool } from "../../app/database/pool.js";
import { ingestSource } from "../../app/ingest/ingest-source.js";
import { LeaseLostError } from "../../app/ingest/load/load-error.js";
import { loadPiece } from "../../app/ingest/load/load-piece.js";
import { readPorts } from "../../app/ingest/load/read-ports.js";
import {
  bringPlaces,
  createFolder,
  type Folder,
  HEADER,
  only,
  readTotals,
  someLines,
  totalsOf,
} from "../app/ingest/setup.js";
import { createDatabase, type TestDatabase } from "../kit/database.js";
import { TcpProxy } from "../kit/tcp-proxy.js";

const lines = someLines(60_000);
const content = `${HEADER}\n${lines.join("\n")}\n`;
const PIECE_BYTES = 200_000;

describe("ingest, when its database goes away", () => {
  let database: TestDatabase;
  let folder: Folder;
  let proxy: TcpProxy;
  let pool: pg.Pool;
  let path: string;

  beforeEach(async () => {
    database = await createDatabase();
    folder = await createFolder();
    await bringPlaces(database.pool);
    proxy = await TcpProxy.start(database.url);
    pool = openPool({ url: proxy.url(database.url), size: 8, applicationName: "test", statementTimeoutMs: 0 });
    path = await folder.write("prices.csv", content);
  });
  afterEach(async () => {
    await pool.end();
    await proxy.stop();
    await folder.remove();
    await database.drop();
  });

  async function expectPublished(): Promise<void> {
    const totals = await readTotals(database.pool);
    expect(totals.visible).to.deep.equal(totalsOf(lines));
    expect(totals.stored).to.deep.equal(totalsOf(lines));
    expect((await database.pool.query("SELECT version::integer FROM dataset")).rows[0].version).to.equal(2);
  }

  it("loads again what a cut connection took, in the middle of a COPY or anywhere else", async function () {
    this.timeout(60_000);
    let cuts = 0;
    const timer = setInterval(() => {
      if (cuts < 4) proxy.cut();
      cuts += 1;
    }, 60);
    try {
      expect(
        only(await ingestSource({ database: new Database(pool, {}), source: path, pieceBytes: PIECE_BYTES })).state,
      ).to.equal("published");
    } finally {
      clearInterval(timer);
    }
    await expectPublished();
  });

  it("waits for a database that is stopped and started", async function () {
    this.timeout(60_000);
    const done = ingestSource({ database: new Database(pool, {}), source: path, pieceBytes: PIECE_BYTES });
    await sleep(100);
    await proxy.refuse();
    await sleep(2_000);
    await proxy.pass();
    expect(only(await done).state).to.equal("published");
    await expectPublished();
  });

  it("waits for a primary where there is only a standby", async function () {
    this.timeout(60_000);
    const { rows } = await database.pool.query<{ name: string }>("SELECT quote_ident(current_database()) AS name");
    const name = rows[0]?.name;
    const done = ingestSource({ database: new Database(pool, {}), source: path, pieceBytes: PIECE_BYTES });
    await sleep(60);
    // A server that became a standby refuses to write (25006) and has cut every connection.
    await database.pool.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    proxy.cut();
    await sleep(1_500);
    await database.pool.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`).catch(async () => {
      await database.pool.query(
        `SET transaction_read_only = off; ALTER DATABASE ${name} RESET default_transaction_read_only`,
      );
    });
    proxy.cut();
    expect(only(await done).state).to.equal("published");
    await expectPublished();
  });

  it("lets another worker finish when it hears nothing any more", async function () {
    this.timeout(60_000);
    const controller = new AbortController();
    const silent = ingestSource({
      database: new Database(pool, { signal: controller.signal }),
      source: path,
      pieceBytes: PIECE_BYTES,
    });
    silent.catch(() => {});
    await sleep(150);
    proxy.stall();
    // As long as the server does not know that the worker is gone, its transactions keep their locks.
    await database.pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test' AND datname = current_database()",
    );
    await database.pool.query("UPDATE pieces SET lease_until = clock_timestamp() WHERE state = 'loading'");
    const report = only(await ingestSource({ database, source: path, pieceBytes: PIECE_BYTES }));
    expect(report.state).to.equal("published");
    await expectPublished();
    controller.abort();
    await silent.catch(() => {});
  });
});

describe("a piece", () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase();
    await bringPlaces(database.pool);
    await database.pool.query(
      `INSERT INTO batches (feed, source, identity, mode, state, planned) VALUES ('a', 'a', 'a', 'append', 'loading', true)`,
    );
    await database.pool.query(
      `INSERT INTO pieces (batch_id, number, state, from_byte, to_byte, attempts, worker, lease_until)
       VALUES (1, 0, 'loading', 0, 100, 1, 'me', clock_timestamp() + interval '1 minute')`,
    );
  });
  afterEach(() => database.drop());

  /** Loads the piece. `meanwhile` runs once all rows of the piece have been sent. */
  async function load(meanwhile: () => Promise<unknown>, text = content): Promise<unknown> {
    async function* chunks() {
      yield Buffer.from(text);
      await meanwhile();
    }
    return loadPiece(database, {
      batchId: 1,
      number: 0,
      worker: "me",
      attempt: 1,
      chunks: chunks(),
      format: "csv",
      columns: null,
      ports: await readPorts(database),
      maxBadRows: 0,
    }).catch((error: unknown) => error);
  }

  for (const [name, statement] of [
    ["another worker has taken it", "UPDATE pieces SET worker = 'other', attempts = 2"],
    ["it was put back", "UPDATE pieces SET state = 'waiting'"],
    ["this worker has begun it again", "UPDATE pieces SET attempts = 2"],
  ] as const) {
    it(`is not committed when ${name} meanwhile`, async () => {
      expect(await load(() => database.pool.query(statement))).to.be.instanceOf(LeaseLostError);
      expect((await readTotals(database.pool)).stored.rows).to.equal(0);
    });
  }

  it("is not committed when its batch failed meanwhile", async () => {
    expect(await load(() => failBatch(database, 1, "test"))).to.be.instanceOf(LeaseLostError);
    expect((await readTotals(database.pool)).stored.rows).to.equal(0);
  });

  it("is committed once, with its totals", async () => {
    expect(await load(async () => {})).to.include({
      loaded: true,
      rows: lines.length,
      rejected: 0,
      lines: lines.length + 1,
    });
    const { rows } = await database.pool.query(
      "SELECT state, rows::integer, price_sum::integer AS sum, lines::integer, rejected::integer, months::text FROM pieces",
    );
    const { rows: count, sum } = totalsOf(lines);
    expect(rows).to.deep.equal([
      { state: "loaded", rows: count, sum, lines: count + 1, rejected: 0, months: "{2024-01-01,2024-02-01}" },
    ]);
  });

  it("fails with everything it holds when it has too many bad lines", async () => {
    const { pool } = database;
    const result = await load(async () => {}, `${content}XXXXX,NLRTM,2024-02-01,5\n`);
    expect(result).to.include({ loaded: false, rows: 0, rejected: 1 });
    expect((await readTotals(pool)).stored.rows).to.equal(0);
    expect((await pool.query("SELECT state FROM pieces")).rows).to.deep.equal([{ state: "failed" }]);
  });
});
