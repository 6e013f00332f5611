import zlib from "node:zlib";
import { expect } from "chai";
import type pg from "pg";
import { PATIENCE_MS } from "../../../app/database/patiently.js";
import { readPorts } from "../../../app/ingest/load/read-ports.js";
import { completeUpload, openUpload } from "../../../app/ingest/uploads/upload.js";
import { uploadStream } from "../../../app/ingest/uploads/upload-stream.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { plant } from "./tree.js";

const PIECE_BYTES = 1_000;
const body = (price: number, lines: number) =>
  Buffer.from(`orig_code,dest_code,day,price\n${`AAAAA,AAAAB,2024-02-29,${price}\n`.repeat(lines)}`);

describe("an upload in one body that comes again under its key", () => {
  let database: TestDatabase;
  let batchId: number;

  beforeEach(async () => {
    database = await createDatabase();
    await plant(database.pool, { regionParents: [-1], portParents: [0, 0] });
    await database.pool.query("SELECT ensure_month('2024-02-01')");
    const upload = { kind: "stream", key: "k", feed: "a", source: "upload", mode: "append" } as const;
    // Bad lines may be left out, so a lost price could hide among them.
    batchId = (await openUpload(database, { ...upload, maxBadRows: 10, deadlineSeconds: null })).id;
  });

  afterEach(() => database.drop());

  const send = async (chunks: AsyncIterable<Buffer>, signal = AbortSignal.timeout(15_000)) =>
    uploadStream(database.with({ signal, patienceMs: PATIENCE_MS }), {
      batchId,
      body: chunks,
      ports: await readPorts(database),
      pieceBytes: PIECE_BYTES,
    });

  /** Sends the beginning of a body, and breaks off once `reached` is true of its pieces. */
  async function breakOff(bytes: Buffer, reached: (pieces: readonly string[]) => boolean, ends = false): Promise<void> {
    const client = new AbortController();
    const watching = (async () => {
      while (!reached(await pieces()));
      client.abort();
    })();
    async function* beginning(): AsyncGenerator<Buffer> {
      yield bytes;
      if (!ends) await watching.then(() => client.signal.throwIfAborted());
    }
    await send(beginning(), client.signal).catch(() => {});
    expect(client.signal.aborted).to.equal(true);
  }

  async function* whole(bytes: Buffer): AsyncGenerator<Buffer> {
    yield bytes;
  }

  const query = async <Row extends pg.QueryResultRow>(text: string) => (await database.pool.query<Row>(text)).rows;
  /** The state of each piece. */
  const pieces = async () =>
    (await query<{ state: string }>("SELECT state FROM pieces ORDER BY number")).map(({ state }) => state);
  const batch = async () =>
    (await query("SELECT state, planned, failure FROM batches"))[0] as Record<"state" | "failure", string>;
  const sums = async () => (await query("SELECT count(*)::integer, sum(price)::integer FROM prices"))[0];
  const rejects = async () => (await query("SELECT convert_from(content, 'UTF8') AS line FROM bad_lines")).length;

  /** Makes a piece slow: its rows wait. */
  async function holdPrices(): Promise<() => Promise<void>> {
    const client = await database.pool.connect();
    await client.query("BEGIN; LOCK TABLE prices");
    return async () => {
      await client.query("ROLLBACK");
      client.release();
    };
  }

  /** Refuses the result of an update, so that the worker tries it again and again. */
  const refuseUpdate = (table: string, when: string) =>
    query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON ${table} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION refuse()`);
  const allowUpdate = (table: string) => query(`DROP TRIGGER refuse ON ${table}`);

  /** Expects that the batch is complete and holds exactly the lines of the body. */
  async function expectAllOf(price: number, lines: number): Promise<void> {
    expect(await batch()).to.deep.equal({ state: "loading", planned: true, failure: null });
    expect(await sums()).to.deep.equal({ count: lines, sum: price * lines });
    expect(await rejects()).to.equal(0);
    await completeUpload(database, batchId);
  }

  async function expectChanged(how: string): Promise<void> {
    const { state, failure } = await batch();
    expect(state).to.equal("failed");
    expect(failure).to.include("changed while it was read").and.include(how);
  }

  const twoLoaded = (states: readonly string[]) => states.filter((state) => state === "loaded").length >= 2;

  it("goes on where it was", async () => {
    await breakOff(body(1, 200).subarray(0, 3_500), twoLoaded);
    expect((await sums())?.count).to.be.above(0);
    await send(whole(body(1, 200)));
    await expectAllOf(1, 200);
  });

  it("is refused with other bytes than were loaded, rather than mixed from both", async () => {
    await breakOff(body(1, 200).subarray(0, 3_500), twoLoaded);
    await send(whole(body(2, 200)));
    await expectChanged("piece 0 is not what was read of it before");
  });

  it("is refused if it ends before what was loaded", async () => {
    await breakOff(body(1, 200).subarray(0, 3_500), twoLoaded);
    await send(whole(body(1, 20)));
    await expectChanged("");
  });

  for (const [form, pack] of [
    ["plain", (bytes: Buffer) => bytes],
    ["gzip", (bytes: Buffer) => zlib.gzipSync(bytes)],
  ] as const) {
    it(`is taken with other bytes, in its own lines, if nothing was loaded: ${form}`, async () => {
      const release = await holdPrices();
      await breakOff(body(1, 200).subarray(0, 3_500), (states) => states.length === 1);
      await release();
      await send(whole(pack(body(10_524_286, 100))));
      await expectAllOf(10_524_286, 100);
    });
  }

  it("is taken if it ends with what was loaded, whatever else was cut of it", async () => {
    await refuseUpdate("pieces", "NEW.number = 1 AND NEW.state = 'loaded'");
    await breakOff(body(1, 200).subarray(0, 3_500), (states) => states[0] === "loaded" && states.length > 1);
    await allowUpdate("pieces");
    const [loaded] = await query<{ to_byte: number }>("SELECT to_byte::integer FROM pieces WHERE number = 0");
    const end = loaded?.to_byte as number;
    await send(whole(body(1, 200).subarray(0, end)));
    await expectAllOf(1, body(1, 200).toString().slice(0, end).split("\n").length - 2);
    expect(await pieces()).to.deep.equal(["loaded"]);
  });

  it("is refused with other bytes in a piece before one that was loaded", async () => {
    await breakOff(body(1, 200).subarray(0, 3_500), twoLoaded);
    // As if two pieces are loaded at the same time and the second is faster.
    await query("UPDATE pieces SET state = 'waiting' WHERE number = 0; DELETE FROM prices WHERE piece = 0");
    const [first, ...others] = body(1, 200)
      .toString()
      .split(/(?<=\n)/);
    await send(whole(Buffer.from([first, others[0]?.replace(",1\n", ",2\n"), ...others.slice(1)].join(""))));
    await expectChanged("piece 0 is not what was read of it before");
  });

  it("is refused if it goes on in the line that it had ended with", async () => {
    await refuseUpdate("batches", "NEW.planned");
    const end = body(10, 100).subarray(0, -2);
    await breakOff(end, (states) => states.filter((state) => state === "loaded").length === 3, true);
    await allowUpdate("batches");
    expect(await sums()).to.deep.equal({ count: 100, sum: 991 });
    await send(whole(body(10, 100)));
    await expectChanged("it has more bytes in the line that was its last");
  });

  it("holds nothing of a server that was taken for dead and was not", async () => {
    const release = await holdPrices();
    const client = new AbortController();
    async function* hanging(): AsyncGenerator<Buffer> {
      yield body(1, 200).subarray(0, 3_500);
      await new Promise((resolve) => client.signal.addEventListener("abort", resolve));
      client.signal.throwIfAborted();
    }
    const first = send(hanging(), client.signal).catch(() => {});
    while ((await pieces()).length < 1);
    await query("UPDATE batches SET lease_until = clock_timestamp() - interval '1 second'");
    async function* second(): AsyncGenerator<Buffer> {
      await release();
      // By now the first request has loaded its pieces, or has found that they no longer belong to it.
      while ((await query("SELECT FROM pg_locks WHERE relation = 'prices'::regclass")).length > 0);
      yield body(2, 200);
    }
    await send(second());
    client.abort();
    await first;
    await expectAllOf(2, 200);
  });
});
