import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import zlib from "node:zlib";
import { expect } from "chai";
import { type BatchReport, ingestSource } from "../../../app/ingest/ingest-source.js";
import { SourceError, SourceUnavailableError } from "../../../app/ingest/sources/source-error.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { bringPlaces, HEADER, only, readTotals, someLines, totalsOf } from "./setup.js";

const PIECE_BYTES = 8_192;
const lines = someLines(2_000);
const csv = Buffer.from(`${HEADER}\n${lines.join("\n")}\n`);

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

describe("a source at an HTTP address", () => {
  let database: TestDatabase;
  let server: Server;
  let handler: Handler;
  let requests = 0;

  beforeEach(async () => {
    database = await createDatabase();
    await bringPlaces(database.pool);
    requests = 0;
    server = createServer((request, response) => {
      requests += 1;
      handler(request, response, requests);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await database.drop();
  });

  const ingest = (path = "/feed/prices.csv"): Promise<BatchReport[]> =>
    ingestSource({
      database,
      source: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
      pieceBytes: PIECE_BYTES,
    });

  async function expectPublished(report: BatchReport): Promise<void> {
    expect(report).to.include({ state: "published", rows: lines.length, name: "prices.csv" });
    expect((await readTotals(database.pool)).visible).to.deep.equal(totalsOf(lines));
  }

  /** Answers with the requested range, as a correct server does. */
  function serve(request: IncomingMessage, response: ServerResponse, content: Buffer, etag: string): void {
    response.setHeader("etag", etag);
    if (request.headers["if-match"] !== undefined && request.headers["if-match"] !== etag) {
      response.writeHead(412).end();
      return;
    }
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    if (!range) {
      response.end(content);
      return;
    }
    const from = Number(range[1]);
    const to = Math.min(range[2] ? Number(range[2]) + 1 : content.length, content.length);
    response.writeHead(206, { "content-range": `bytes ${from}-${to - 1}/${content.length}` });
    response.end(content.subarray(from, to));
  }

  it("is read in ranges, without credentials in the database", async () => {
    handler = (request, response) => {
      expect(request.headers.authorization).to.equal(`Basic ${Buffer.from("me:p w").toString("base64")}`);
      serve(request, response, csv, '"1"');
    };
    const port = (server.address() as AddressInfo).port;
    const source = `http://me:p%20w@127.0.0.1:${port}/feed/prices.csv?signature=secret`;
    const ingestAgain = () => ingestSource({ database, source, pieceBytes: PIECE_BYTES });
    await expectPublished(only(await ingestAgain()));
    expect(requests).to.be.greaterThan(5);
    expect(only(await ingestAgain()).already).to.equal(true);
    const { rows } = await database.pool.query("SELECT feed, source, identity FROM batches");
    expect(rows).to.deep.equal([
      {
        feed: "default",
        source: `http://127.0.0.1:${port}/feed/prices.csv`,
        identity: `prices.csv ${csv.length} "1"`,
      },
    ]);
  });

  it("is streamed where there are no ranges", async () => {
    handler = (_request, response) => response.end(csv);
    await expectPublished(only(await ingest()));
  });

  it("is streamed where it is packed", async () => {
    const packed = zlib.gzipSync(csv);
    handler = (request, response) => serve(request, response, packed, '"1"');
    await expectPublished(only(await ingest()));
  });

  for (const [name, path] of [
    ["in ranges", "/feed/prices.csv"],
    ["without ranges", "/whole/prices.csv"],
  ] as const) {
    it(`is unpacked where it is stored with a Content-Encoding: ${name}`, async () => {
      const packed = zlib.gzipSync(csv);
      handler = (request, response) => {
        response.setHeader("content-encoding", "gzip");
        if (path.startsWith("/whole")) response.writeHead(200, { etag: '"1"' }).end(packed);
        else serve(request, response, packed, '"1"');
      };
      await expectPublished(only(await ingest(path)));
    });
  }

  it("may have a name with a percent sign", async () => {
    handler = (request, response) => serve(request, response, csv, '"1"');
    const [report] = await ingest("/feed/plain-50%off%20now.csv");
    expect(report).to.include({ state: "published", name: "plain-50%off now.csv" });
  });

  it("may have a name with a NUL, which no database takes", async () => {
    handler = (request, response) => serve(request, response, csv, '"1"');
    const [report] = await ingest("/feed/plain%00%2Bx.csv");
    expect(report).to.include({ state: "published", name: "plain%00%2Bx.csv" });
  });

  it("is asked with a password that comes without a user", async () => {
    handler = (request, response) => {
      expect(request.headers.authorization).to.equal(`Basic ${Buffer.from(":p w").toString("base64")}`);
      serve(request, response, csv, '"1"');
    };
    const source = `http://:p%20w@127.0.0.1:${(server.address() as AddressInfo).port}/feed/prices.csv`;
    await expectPublished(only(await ingestSource({ database, source, pieceBytes: PIECE_BYTES })));
  });

  for (const [name, first] of [
    ["a byte order mark", "\ufeff"],
    ["an empty line", "\n"],
  ] as const) {
    it(`is NDJSON although its first packet is ${name}`, async () => {
      const objects = lines.map((line) => {
        const [orig_code, dest_code, day, price] = line.split(",");
        return JSON.stringify({ orig_code, dest_code, day, price: Number(price) });
      });
      const content = Buffer.from(`${first}${objects.join("\n")}\n`);
      handler = (request, response) => {
        const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") as RegExpExecArray;
        const from = Number(range[1]);
        const part = content.subarray(from, Number(range[2]) + 1);
        response.writeHead(206, {
          etag: '"1"',
          "content-range": `bytes ${from}-${from + part.length - 1}/${content.length}`,
        });
        const packet = from === 0 ? Buffer.byteLength(first) : 0;
        response.write(part.subarray(0, packet || part.length), () =>
          setTimeout(() => response.end(part.subarray(packet || part.length)), 20),
        );
      };
      await expectPublished(only(await ingest()));
    });
  }

  it("publishes nothing where it shrank since it was first looked at", async () => {
    const shorter = csv.subarray(0, csv.indexOf("\n", HEADER.length + 1) + 1);
    handler = (_request, response, count) => response.end(count === 1 ? csv : shorter);
    const report = only(await ingest());
    expect(report).to.include({ state: "failed", failedForGood: false });
    expect(report.failure).to.match(/prices\.csv changed while it was read \(from \d+ to \d+ bytes\)/);
    expect((await readTotals(database.pool)).stored.rows).to.equal(0);
  });

  it("is asked again after 5xx answers, and goes on where it was cut", async () => {
    handler = (request, response, count) => {
      if (count % 4 === 2) response.writeHead(503).end();
      else if (count % 4 === 3) {
        response.writeHead(206, {
          etag: '"1"',
          "content-range": `${(request.headers.range ?? "").replace("=", " ").replace(/-\d*$/, "")}-${csv.length - 1}/${csv.length}`,
        });
        const from = Number(/=(\d+)/.exec(request.headers.range ?? "")?.[1]);
        response.write(csv.subarray(from, from + 100), () => setTimeout(() => response.destroy(), 20));
      } else serve(request, response, csv, '"1"');
    };
    await expectPublished(only(await ingest()));
  });

  it("is read again from the start where it was cut and there are no ranges", async () => {
    handler = (_request, response, count) => {
      if (count === 2) response.writeHead(200).write(csv.subarray(0, 30_000), () => response.destroy());
      else response.end(csv);
    };
    // The server gives no version, so only the size shows that the object is the same.
    await expectPublished(only(await ingest()));
  });

  it("is read to its end however often it is cut, if each reading brings it further", async function () {
    this.timeout(60_000);
    handler = (_request, response, count) => {
      response.writeHead(200, { etag: '"1"', "content-length": csv.length });
      const end = count === 1 ? 1 : (count - 1) * PIECE_BYTES * 0.75;
      response.write(csv.subarray(0, end), () => (end < csv.length ? response.socket?.end() : response.end()));
    };
    await expectPublished(only(await ingest()));
    expect(requests, "more than a piece has attempts").to.be.above(9);
  });

  for (const [name, tag] of [
    ["strong ETag", (version: number) => ({ etag: `"${version}"` })],
    ["weak ETag", (version: number) => ({ etag: `W/"${version}"` })],
    ["modification time", (version: number) => ({ "last-modified": new Date(version * 60_000).toUTCString() })],
  ] as const) {
    it(`fails when it changes while it is read: ${name}`, async () => {
      handler = (request, response, count) => {
        for (const [header, value] of Object.entries(tag(count > 2 ? 2 : 1))) response.setHeader(header, value);
        const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
        if (!range || name === "weak ETag") {
          // Breaks the connection once, so that there is another answer.
          if (count < 3) response.writeHead(200).write(csv.subarray(0, 20_000), () => response.destroy());
          else response.end(csv);
          return;
        }
        const to = Math.min(Number(range[2] || csv.length - 1) + 1, csv.length);
        response.writeHead(206, { "content-range": `bytes ${range[1]}-${to - 1}/${csv.length}` });
        response.end(csv.subarray(Number(range[1]), to));
      };
      const report = only(await ingest());
      expect(report.state).to.equal("failed");
      expect(report.failure).to.match(/prices\.csv changed while it was read/);
      expect((await readTotals(database.pool)).stored.rows).to.equal(0);
    });
  }

  it("says what the server answers when there is nothing to load", async () => {
    handler = (_request, response) => response.writeHead(404).end();
    const failure = await ingest().catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(SourceError);
    expect((failure as Error).message).to.match(/prices\.csv answers 404 Not Found/);
    handler = (_request, response) => response.writeHead(500).end();
    expect(await ingest().catch((error: unknown) => error)).to.be.instanceOf(SourceUnavailableError);
  });

  it("waits for a slow server, and its lease outlives the wait", async function () {
    this.timeout(30_000);
    handler = async (request, response, count) => {
      if (count === 1) return serve(request, response, csv, '"1"');
      const from = Number(/=(\d+)/.exec(request.headers.range ?? "")?.[1]);
      const last = Number(/-(\d+)$/.exec(request.headers.range ?? "")?.[1] ?? csv.length - 1);
      response.writeHead(206, { etag: '"1"', "content-range": `bytes ${from}-${last}/${csv.length}` });
      for (let at = from; at <= last; at += 700) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        response.write(csv.subarray(at, Math.min(at + 700, last + 1)));
      }
      response.end();
    };
    await expectPublished(only(await ingest()));
    const { rows } = await database.pool.query("SELECT max(attempts) AS attempts FROM pieces");
    expect(rows[0].attempts).to.equal(1);
  });
});
