import { expect } from "chai";
import { readPorts } from "../../../app/ingest/load/read-ports.js";
import { openUpload } from "../../../app/ingest/uploads/upload.js";
import { uploadStream } from "../../../app/ingest/uploads/upload-stream.js";
import { createDatabase, type TestDatabase } from "../database.js";
import { plant } from "./tree.js";

const PIECE_BYTES = 1_000;
const body = (price: number, lines: number) =>
  Buffer.from(`orig_code,dest_code,day,price\n${`AAAAA,AAAAB,2024-02-29,${price}\n`.repeat(lines)}`);

describe("an upload in one body that broke off and comes again", () => {
  let database: TestDatabase;
  let batchId: number;

  beforeEach(async () => {
    database = await createDatabase();
    await plant(database.pool, { regionParents: [-1], portParents: [0, 0] });
    const upload = { kind: "stream", key: "k", feed: "a", source: "upload", mode: "append" } as const;
    batchId = (await openUpload(database.pool, { ...upload, maxBadRows: 0, deadlineSeconds: null })).id;
    const client = new AbortController();
    await send(breakOff(body(1, 200), 3_500, client), client.signal).catch(() => {});
  });

  afterEach(() => database.drop());

  const send = async (chunks: AsyncIterable<Buffer>, signal = AbortSignal.timeout(10_000)) =>
    uploadStream(database.pool, {
      batchId,
      body: chunks,
      ports: await readPorts(database.pool),
      log: { info() {}, warn() {} },
      signal,
      pieceBytes: PIECE_BYTES,
    });

  async function* breakOff(bytes: Buffer, at: number, client: AbortController): AsyncGenerator<Buffer> {
    yield bytes.subarray(0, at);
    // What was cut so far is loaded by the time the connection breaks.
    for (;;) {
      const { rows } = await database.pool.query("SELECT count(*)::integer AS n FROM pieces WHERE state = 'loaded'");
      if (rows[0].n >= 2) break;
    }
    client.abort();
    throw new Error("aborted");
  }

  async function* whole(bytes: Buffer): AsyncGenerator<Buffer> {
    yield bytes;
  }

  const batch = async () =>
    (await database.pool.query("SELECT state, planned, failure FROM batches WHERE id = $1", [batchId])).rows[0];
  const sums = async () =>
    (await database.pool.query("SELECT count(*)::integer AS count, sum(price)::integer AS sum FROM prices")).rows[0];

  it("goes on where it was", async () => {
    expect((await sums()).count).to.be.above(0);
    await send(whole(body(1, 200)));
    expect(await batch()).to.deep.equal({ state: "loading", planned: true, failure: null });
    expect(await sums()).to.deep.equal({ count: 200, sum: 200 });
  });

  it("is refused with other bytes, rather than mixed from both", async () => {
    await send(whole(body(2, 200)));
    const { state, failure } = await batch();
    expect(state).to.equal("failed");
    expect(failure).to.include("changed while it was read (piece 0 is not what was loaded of it before)");
  });

  it("is refused if it ends earlier than before", async () => {
    await send(whole(body(1, 20)));
    const { state, failure } = await batch();
    expect(state).to.equal("failed");
    expect(failure).to.include("changed while it was read");
  });
});
