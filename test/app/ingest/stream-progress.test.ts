import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import zlib from "node:zlib";
import { expect } from "chai";
import { type BatchSummary, readBatch } from "../../../app/batches/batch-summary.js";
import { type IngestOptions, ingestSource } from "../../../app/ingest/ingest-source.js";
import { openPipeSource } from "../../../app/ingest/sources/pipe-source.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { bringPlaces, HEADER, only, someLines } from "./setup.js";

const PIECE_BYTES = 64 * 1024;
const lines = someLines(100_000);
const csv = Buffer.from(`${HEADER}\n${lines.join("\n")}\n`);

describe("the progress of a stream in its middle", () => {
  let database: TestDatabase;
  let server: Server | undefined;

  beforeEach(async () => {
    database = await createDatabase();
    await bringPlaces(database.pool);
  });
  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    await database.drop();
  });

  /** Sends the first half of the bytes, then waits for `meanwhile`, then sends the rest. */
  async function* inHalves(bytes: Buffer, meanwhile: () => Promise<unknown>): AsyncGenerator<Buffer> {
    const half = bytes.length / 2;
    for (let at = 0; at < bytes.length; at += 16_384) {
      if (at - 16_384 < half && at >= half) await meanwhile();
      yield bytes.subarray(at, at + 16_384);
    }
  }

  /** Waits until nearly everything that has arrived is loaded. Returns the batch. */
  async function half(): Promise<BatchSummary> {
    for (;;) {
      const { rows } = await database.pool.query<{ id: number }>("SELECT id FROM batches");
      const batch = rows[0] && (await readBatch(database, rows[0].id));
      if (batch && batch.bytes_loaded > 0.4 * csv.length && batch.pieces === batch.pieces_loaded) return batch;
    }
  }

  const ingest = (source: IngestOptions["source"]) =>
    ingestSource({ database, source, pieceBytes: PIECE_BYTES, deadlineSeconds: 3_600 });

  for (const [name, content] of [
    ["gzip", zlib.gzipSync(csv, { level: 1 })],
    ["plain, without ranges", csv],
  ] as const) {
    it(`tells how much is done and when it ends where the size is known: ${name}`, async () => {
      let middle: BatchSummary | undefined;
      let requests = 0;
      server = createServer(async (_request, response) => {
        requests += 1;
        response.writeHead(200, { etag: '"1"', "content-length": content.length });
        // The first request only asks for the size. It gets one byte, and closes the connection.
        if (requests === 1) return response.write(content.subarray(0, 1));
        const body = inHalves(content, async () => {
          middle = await half();
        });
        Readable.from(body, { objectMode: false }).pipe(response);
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const source = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prices.csv`;
      expect(only(await ingest(source)).state).to.equal("published");
      const { progress, estimated_end, read_at, bytes } = middle as BatchSummary;
      // Loading is 1 of 2.5 parts of the work; the audit is the rest.
      expect((progress as number) * 2.5).to.be.closeTo(0.5, 0.1);
      expect(+(estimated_end as Date)).to.be.above(+read_at);
      expect(bytes, "what the rest unpacks to is unknown").to.equal(null);
    });
  }

  it("claims to know nothing where the size is not known", async () => {
    let middle: BatchSummary | undefined;
    const body = inHalves(csv, async () => {
      middle = await half();
    });
    const input = Readable.from(body, { objectMode: false });
    const report = only(await ingest(openPipeSource({ name: "pipe", location: "-", input })));
    expect(report.state).to.equal("published");
    expect(middle).to.include({ progress: null, estimated_end: null, bytes: null });
    expect(middle?.rows_per_second).to.be.above(0);
  });
});
