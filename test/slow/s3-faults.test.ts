import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import zlib from "node:zlib";
import { expect } from "chai";
import { type BatchReport, DeliveriesError, ingestSource } from "../../app/ingest/ingest-source.js";
import { SourceChangedError, SourceError, SourceUnavailableError } from "../../app/ingest/sources/source-error.js";
import { bringPlaces, HEADER, onlyObject, readTotals, someLines, totalsOf } from "../app/ingest/setup.js";
import { createDatabase, type TestDatabase } from "../kit/database.js";

const lines = someLines(500);
const content = Buffer.from(`${HEADER}\n${lines.join("\n")}\n`);
const ETAG = '"1"';
const TIME = "Sun, 01 Nov 2026 00:00:00 GMT";

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** Answers as a store does, but ignores conditions such as If-Match. */
function give(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer,
  headers: OutgoingHttpHeaders = {},
): void {
  const version = { etag: ETAG, "last-modified": TIME };
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  if (first === undefined) {
    response.writeHead(200, { ...version, "content-length": bytes.length, ...headers });
    response.end(request.method === "HEAD" ? undefined : bytes);
    return;
  }
  const end = Math.min(Number(last) + 1, bytes.length);
  const range = { "content-range": `bytes ${first}-${end - 1}/${bytes.length}`, "content-length": end - Number(first) };
  response.writeHead(206, { ...version, ...range, ...headers }).end(bytes.subarray(Number(first), end));
}

/** No real store can be made to fail in these ways, so a server of this test takes its place. */
describe("an S3 store that fails", () => {
  const environment = {
    AWS_ENDPOINT_URL: "",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
  const before = Object.fromEntries(Object.keys(environment).map((name) => [name, process.env[name]]));
  let server: Server;
  let handler: Handler;
  let requests: string[];

  beforeEach(async () => {
    requests = [];
    server = createServer((request, response) => handler(request, response, requests.push(request.url ?? "")));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    Object.assign(process.env, { ...environment, AWS_ENDPOINT_URL: endpoint });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  async function read(key = "prices.csv"): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of (await onlyObject(`s3://b/${key}`)).read(0, null)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  }

  for (const [name, answer] of [
    ["in the range that was asked for", (q, r) => give(q, r, content)],
    [
      "as a whole, as it knows no ranges",
      (q, r) => {
        delete q.headers.range;
        give(q, r, content);
      },
    ],
    ["without an ETag", (q, r) => give(q, r, content, { etag: "" })],
    [
      "with the encoding of its way into the store",
      (q, r) => give(q, r, content, { "content-encoding": "aws-chunked" }),
    ],
  ] as [string, Handler][]) {
    it(`is read: ${name}`, async () => {
      handler = answer;
      expect((await read()).equals(content)).to.equal(true);
    });
  }

  it("is unpacked where it is stored with a Content-Encoding", async () => {
    const packed = zlib.gzipSync(content);
    handler = (q, r) => give(q, r, packed, { "content-encoding": "gzip" });
    expect((await read()).equals(packed)).to.equal(true);
  });

  for (const [name, kind, message, answer] of [
    ["it shrank", SourceChangedError, /from \d+ to 5000 bytes/, (q, r) => give(q, r, content.subarray(0, 5_000))],
    ["it grew", SourceChangedError, /from \d+ to \d+ bytes/, (q, r) => give(q, r, Buffer.concat([content, content]))],
    ["another ETag", SourceChangedError, /another version/, (q, r) => give(q, r, content, { etag: '"2"' })],
    ["no ETag any more", SourceChangedError, /another version/, (q, r) => give(q, r, content, { etag: "" })],
    ["that it does not match", SourceChangedError, /another version/, (_q, r) => r.writeHead(412).end()],
    ["that the range is not there", SourceChangedError, /another version/, (_q, r) => r.writeHead(416).end()],
    ["404", SourceChangedError, /it is gone/, (_q, r) => r.writeHead(404).end()],
    ["brotli", SourceError, /Content-Encoding br/, (q, r) => give(q, r, content, { "content-encoding": "br" })],
  ] as [string, typeof SourceError, RegExp, Handler][]) {
    it(`is refused: ${name}`, async () => {
      handler = (q, r, n) => (q.method === "HEAD" ? give(q, r, content) : answer(q, r, n));
      const failure = await read().catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(kind);
      expect((failure as Error).message).to.match(message);
    });
  }

  it("is asked again before it is refused: another range", async () => {
    handler = (q, r) => {
      if (q.method !== "HEAD") q.headers.range = "bytes=100-199";
      give(q, r, content);
    };
    const failure = await read().catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(SourceUnavailableError);
    expect((failure as Error).message).to.match(/did not answer with the range that was asked for/);
  });

  describe("in the middle of a list", () => {
    let database: TestDatabase;

    beforeEach(async () => {
      database = await createDatabase();
      await bringPlaces(database.pool);
    });
    afterEach(() => database.drop());

    const page = (keys: readonly string[], next?: string) =>
      `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${next !== undefined}</IsTruncated>
      ${next ? `<NextContinuationToken>${next}</NextContinuationToken>` : ""}
      ${keys.map((key) => `<Contents><Key>${key}</Key><Size>${content.length}</Size><ETag>&quot;1&quot;</ETag></Contents>`).join("")}
      </ListBucketResult>`;
    const first = (response: ServerResponse) => response.end(page(["in/a%20b%01.csv"], "more"));
    const isSecond = ({ url }: IncomingMessage) => url?.includes("continuation-token=more") === true;
    const isList = ({ url }: IncomingMessage) => url?.includes("list-type=2") === true;

    async function ingest(): Promise<{ reports: BatchReport[]; failure: unknown }> {
      const reports: BatchReport[] = [];
      const failure = await ingestSource({
        database,
        source: "s3://b/in/",
        onReport: (report) => void reports.push(report),
      }).then(
        () => null,
        (error: unknown) => error,
      );
      return { reports, failure };
    }

    it("loads what was listed before, whatever its key, and says that there is more", async function () {
      this.timeout(30_000);
      handler = (q, r) => {
        if (isSecond(q)) r.writeHead(500).end();
        else if (isList(q)) first(r);
        else give(q, r, content);
      };
      const { reports, failure } = await ingest();
      expect(reports.map(({ name, state }) => [name, state])).to.deep.equal([["a b\u0001.csv", "published"]]);
      expect(failure).to.be.instanceOf(DeliveriesError);
      expect((failure as Error).message).to.match(/^The rest of the list: s3:\/\/b\/in\/ cannot be read/);
      expect((await readTotals(database.pool)).visible).to.deep.equal(totalsOf(lines));
    });

    it("asks for the page again, and loads the rest", async () => {
      let failures = 0;
      handler = (q, r) => {
        // More failures than the client library hides by its own attempts.
        if (isSecond(q) && ++failures <= 4) r.writeHead(503).end();
        else if (isSecond(q)) r.end(page(["in/c.csv"]));
        else if (isList(q)) first(r);
        else give(q, r, content);
      };
      const { reports, failure } = await ingest();
      expect(failure).to.equal(null);
      expect(reports.map(({ name, state }) => [name, state])).to.deep.equal([
        ["a b\u0001.csv", "published"],
        ["c.csv", "duplicate"],
      ]);
    });

    for (const [what, tokens] of [
      ["nowhere", ["more", "more"]],
      ["in a circle", ["more", "again", "more"]],
    ] as const) {
      it(`does not take a list that goes on ${what} for a whole one`, async () => {
        let pages = 0;
        handler = (q, r) => {
          if (!isList(q)) return give(q, r, content);
          if (pages > tokens.length) return r.end(page(["in/endless.csv"]));
          r.end(page([`in/${pages}.csv`], tokens[pages++]));
        };
        const { reports, failure } = await ingest();
        expect(reports.map(({ name }) => name)).to.deep.equal(tokens.map((_, at) => `${at}.csv`));
        expect((failure as Error).message).to.equal(
          "The rest of the list: The store does not say where its list goes on.",
        );
      });
    }

    for (const [what, answer, says] of [
      ["a page for people", "<html><body>Log in</body></html>", /: the store did not answer with a list$/],
      ["another document", "<Error><Code>SlowDown</Code></Error>", /^[^\n]* cannot be read: [^\n]*$/],
      ["half a document", "<ListBucketResult><IsTruncated>fal", /^[^\n]* cannot be read: [^\n]*$/],
      ["nothing", "", /: the store did not answer with a list$/],
    ] as const) {
      it(`does not take ${what} for the end of it, nor for an empty one`, async function () {
        this.timeout(30_000);
        handler = (q, r) => {
          if (isSecond(q)) r.end(answer);
          else if (isList(q)) first(r);
          else give(q, r, content);
        };
        const { reports, failure } = await ingest();
        expect(reports.map(({ name }) => name)).to.deep.equal(["a b\u0001.csv"]);
        expect(failure).to.be.instanceOf(DeliveriesError);
        expect((failure as Error).message).to.match(says);
        handler = (_, r) => r.end(answer);
        expect((await ingest()).failure).to.be.instanceOf(SourceUnavailableError);
      });
    }
  });
});
