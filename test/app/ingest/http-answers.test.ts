import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { SourceObject } from "../../../app/ingest/sources/source.js";
import { SourceChangedError, SourceError, SourceUnavailableError } from "../../../app/ingest/sources/source-error.js";
import { HEADER, onlyObject, someLines } from "./setup.js";

const content = Buffer.from(`${HEADER}\n${someLines(500).join("\n")}\n`);
const shorter = content.subarray(0, 5_000);
const longer = Buffer.concat([content, Buffer.from("CNSGH,NLRTM,2026-11-01,1\n")]);
const MINUTE = new Date(60_000).toUTCString();
const NEXT_MINUTE = new Date(120_000).toUTCString();

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** Answers with the requested range as a correct server does, but ignores conditions such as If-Match. */
function part(request: IncomingMessage, response: ServerResponse, bytes: Buffer, headers: OutgoingHttpHeaders): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  const end = Math.min(Number(last) + 1, bytes.length);
  response.writeHead(206, { "content-range": `bytes ${first}-${end - 1}/${bytes.length}`, ...headers });
  response.end(bytes.subarray(Number(first), end));
}

/** Answers with the whole content and its size. */
function all(response: ServerResponse, bytes: Buffer, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(200, { "content-length": bytes.length, ...headers }).end(bytes);
}

/** Answers with the whole content, without its size. */
function chunked(response: ServerResponse, bytes: Buffer, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(200, headers).write(bytes.subarray(0, 1_000), () => response.end(bytes.subarray(1_000)));
}

describe("what an HTTP server answers", () => {
  const servers: Server[] = [];
  let requests: IncomingMessage[];

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function open(handler: Handler): Promise<SourceObject> {
    const received: IncomingMessage[] = [];
    requests = received;
    const server = createServer((request, response) => handler(request, response, received.push(request)));
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return onlyObject(`http://me:pw@127.0.0.1:${(server.address() as AddressInfo).port}/prices.csv`);
  }

  async function read(object: SourceObject, from = 0, to: number | null = null): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of object.read(from, to)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  }

  const strong = { etag: '"1"' };
  const weak = { etag: 'W/"1"' };

  for (const [name, ranges, handler] of [
    ["in ranges", true, (request, response) => part(request, response, content, strong)],
    [
      "in ranges that are told by a time",
      true,
      (q, response) => part(q, response, content, { "last-modified": MINUTE }),
    ],
    [
      "at another time of its copies, but with the same strong ETag",
      true,
      (request, response, count) =>
        part(request, response, content, { ...strong, "last-modified": count === 1 ? MINUTE : NEXT_MINUTE }),
    ],
    [
      "in shorter ranges than were asked for",
      true,
      (request, response) => {
        const [, from, last] = /=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
        request.headers.range = `bytes=${from}-${Math.min(Number(from) + 2_999, Number(last))}`;
        part(request, response, content, strong);
      },
    ],
    [
      "in longer ranges than were asked for",
      true,
      (request, response) => {
        request.headers.range = request.headers.range?.replace(/\d+$/, `${content.length}`);
        part(request, response, content, strong);
      },
    ],
    ["without ranges", false, (_request, response) => all(response, content)],
    ["without ranges and size", false, (_request, response) => chunked(response, content)],
    ["with a weak ETag", false, (_request, response) => all(response, content, weak)],
    [
      "with ranges, but nothing that tells versions apart",
      false,
      (q, response) => (q.headers.range ? part(q, response, content, weak) : all(response, content, weak)),
    ],
    [
      "in ranges, once the second of its last change is over",
      true,
      (q, response, count) => {
        part(q, response, content, { "last-modified": MINUTE, date: count === 1 ? MINUTE : NEXT_MINUTE });
      },
    ],
    [
      "with ranges, but without a clock",
      false,
      (q, response) => {
        response.sendDate = false;
        const headers = { "last-modified": MINUTE };
        return q.headers.range ? part(q, response, content, headers) : all(response, content, headers);
      },
    ],
    [
      "with ranges of an unknown whole",
      false,
      (q, response) =>
        q.headers.range ? part(q, response, content, { "content-range": "bytes 0-0/*" }) : all(response, content),
    ],
  ] as [string, boolean, Handler][]) {
    it(`is read: ${name}`, async () => {
      const object = await open(handler);
      expect(object.ranges).to.equal(ranges);
      expect((await read(object)).equals(content)).to.equal(true);
      if (ranges) expect((await read(object, 1_000, 2_000)).equals(content.subarray(1_000, 2_000))).to.equal(true);
    });
  }

  it("is empty where the only range is none", async () => {
    const object = await open((_request, response) => {
      response.writeHead(416, { ...strong, "content-range": "bytes */0" }).end();
    });
    expect(object.bytes).to.equal(0);
    expect((await read(object)).length).to.equal(0);
  });

  it("is given by another host, which is not told the password", async () => {
    const object = await open((request, response) => {
      const port = request.socket.localPort;
      if (request.url === "/prices.csv") {
        response.writeHead(302, { location: `http://localhost:${port}/x?signed` }).end();
      } else part(request, response, content, strong);
    });
    expect((await read(object)).equals(content)).to.equal(true);
    expect(
      requests.map(({ url, headers }) => `${url} ${headers.authorization !== undefined}`).slice(0, 2),
    ).to.deep.equal(["/prices.csv true", "/x?signed false"]);
    expect(object.location).to.match(/^http:\/\/127\.0\.0\.1:\d+\/prices\.csv$/);
  });

  /** The first request only looks at the object. The answers to later requests are wrong. */
  for (const [name, kind, message, handler] of [
    ["it shrank", SourceChangedError, /to 5000 bytes/, (_q, r, n) => all(r, n === 1 ? content : shorter)],
    ["it grew", SourceChangedError, /to \d+ bytes/, (_q, r, n) => all(r, n === 1 ? content : longer)],
    [
      "it shrank and no longer tells its size",
      SourceUnavailableError,
      /was cut off/,
      (_q, r, n) => (n === 1 ? all(r, content) : chunked(r, shorter)),
    ],
    [
      "it grew and no longer tells its size",
      SourceChangedError,
      /it has over \d+ bytes/,
      (_q, r, n) => (n === 1 ? all(r, content) : chunked(r, longer)),
    ],
    [
      "it shrank, in ranges",
      SourceChangedError,
      /to 5000 bytes/,
      (q, r, n) => part(q, r, n === 1 ? content : shorter, strong),
    ],
    [
      "it shrank below what is asked for",
      SourceChangedError,
      /to 5000 bytes/,
      (q, r, n) =>
        n === 1 ? part(q, r, content, strong) : r.writeHead(416, { ...strong, "content-range": "bytes */5000" }).end(),
    ],
    [
      "it was cut off",
      SourceUnavailableError,
      /was cut off/,
      (_q, r) => r.writeHead(200, { "content-length": content.length }).write(shorter, () => r.destroy()),
    ],
    [
      "it was cut off where its size is not told",
      SourceUnavailableError,
      /was cut off/,
      (_q, r, n) => (n === 1 ? chunked(r, content) : r.writeHead(200).write(shorter, () => r.destroy())),
    ],
    [
      "it ends where the connection does, which may be anywhere",
      SourceError,
      /sends neither its size nor a mark of its end/,
      (_q, r) => {
        r.useChunkedEncodingByDefault = false;
        r.writeHead(200, { connection: "close" }).end(content);
      },
    ],
    [
      "more than the range that it speaks of",
      SourceUnavailableError,
      /sent more bytes than it had announced/,
      (q, r, n) => {
        if (n === 1) return part(q, r, content, strong);
        r.writeHead(206, { ...strong, "content-range": `bytes 0-2999/${content.length}` });
        return r.write(content.subarray(0, 3_000), () => r.end(content.subarray(3_000)));
      },
    ],
    [
      "another ETag, although it was asked to match",
      SourceChangedError,
      /its ETag was "1" before/,
      (q, r, n) => part(q, r, content, { etag: `"${n}"` }),
    ],
    [
      "no ETag any more",
      SourceChangedError,
      /its ETag was "1" before/,
      (q, r, n) => part(q, r, content, n === 1 ? strong : {}),
    ],
    [
      "another weak ETag",
      SourceChangedError,
      /its ETag was W\/"1"/,
      (_q, r, n) => all(r, content, { etag: `W/"${n}"` }),
    ],
    [
      "another time",
      SourceChangedError,
      /it was modified at/,
      (_q, r, n) => all(r, content, { "last-modified": n === 1 ? MINUTE : NEXT_MINUTE }),
    ],
    [
      "another time with a weak ETag",
      SourceChangedError,
      /it was modified at/,
      (_q, r, n) => all(r, content, { ...weak, "last-modified": n === 1 ? MINUTE : NEXT_MINUTE }),
    ],
    [
      "that it does not match",
      SourceChangedError,
      /it is another version/,
      (q, r, n) => (n === 1 ? part(q, r, content, strong) : r.writeHead(412).end()),
    ],
    ["404", SourceChangedError, /it is gone/, (_q, r, n) => (n === 1 ? all(r, content) : r.writeHead(404).end())],
    ["410", SourceChangedError, /it is gone/, (_q, r, n) => (n === 1 ? all(r, content) : r.writeHead(410).end())],
    ["202", SourceUnavailableError, /answers 202/, (_q, r) => r.writeHead(202).end()],
    ["204", SourceUnavailableError, /answers 204/, (_q, r) => r.writeHead(204).end()],
    [
      "no end of redirections",
      SourceError,
      /answers 302|loop/,
      (q, r) => r.writeHead(302, { location: `${q.url}x` }).end(),
    ],
    [
      "a redirection to itself",
      SourceError,
      /redirects in a circle, or to what is no HTTP address/,
      (q, r) => r.writeHead(302, { location: q.url as string }).end(),
    ],
    ...["http://", "http://[", "ftp://user:pw@127.0.0.1/x", "data:text/csv,a", "http://127.0.0.1:99999/"].map(
      (location): [string, typeof SourceError, RegExp, Handler] => [
        `a redirection to ${location}`,
        SourceError,
        /redirects in a circle, or to what is no HTTP address/,
        (_q, r) => r.writeHead(307, { location }).end(),
      ],
    ),
    [
      "brotli",
      SourceError,
      /Content-Encoding br; only gzip and zstd can be read/,
      (_q, r) => all(r, content, { "content-encoding": "br" }),
    ],
    [
      "deflate",
      SourceError,
      /Content-Encoding deflate;/,
      (_q, r) => all(r, content, { "content-encoding": "deflate" }),
    ],
    [
      "packed twice",
      SourceError,
      /Content-Encoding gzip, gzip;/,
      (_q, r) => all(r, content, { "content-encoding": "gzip, gzip" }),
    ],
  ] as [string, typeof SourceError | typeof SourceUnavailableError, RegExp, Handler][]) {
    it(`is refused: ${name}`, async () => {
      const failure = await open(handler)
        .then(read)
        .catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(kind);
      expect((failure as Error).message)
        .to.match(message)
        .and.not.to.include("pw");
    });
  }

  /** Each server is asked four times, with waits between. */
  it("is asked again before it is refused", async () => {
    const cases = [
      [
        "all instead of a range",
        SourceUnavailableError,
        /did not answer with the range/,
        (q, r, n) => (n === 1 ? part(q, r, content, strong) : all(r, content, strong)),
      ],
      [
        "another range",
        SourceUnavailableError,
        /did not answer with the range/,
        (q, r, n) => {
          if (n > 1) q.headers.range = "bytes=100-199";
          part(q, r, content, strong);
        },
      ],
      [
        "a range of which it says another size",
        SourceUnavailableError,
        /did not answer with the range/,
        (q, r, n) => part(q, r, content, n === 1 ? strong : { ...strong, "content-length": 5 }),
      ],
      [
        "403",
        SourceUnavailableError,
        /answers 403/,
        (_q, r, n) => (n === 1 ? all(r, content) : r.writeHead(403).end()),
      ],
    ] as [string, typeof SourceUnavailableError, RegExp, Handler][];
    await Promise.all(
      cases.map(async ([name, kind, message, handler]) => {
        const failure = await open(handler)
          .then(read)
          .catch((error: unknown) => error);
        expect(failure, name).to.be.instanceOf(kind);
        expect((failure as Error).message, name).to.match(message);
      }),
    );
  });
});
