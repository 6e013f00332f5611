import type { AddressInfo } from "node:net";
import zlib from "node:zlib";
import { expect } from "chai";
import pino from "pino";
import { createHttpServer } from "../../../app/api/http/http-server.js";
import type { RunningServer } from "../../../app/api/server.js";
import { listen } from "../../../app/listen.js";
import { startApi } from "../../kit/api.js";
import { deliver } from "../../kit/batches.js";
import { createDatabase, useDatabase } from "../../kit/database.js";
import { exchange } from "../../kit/exchange.js";
import { bringPlaces } from "../../kit/places.js";
import { until } from "../../kit/until.js";
import { AUTHORIZED, TAKES_UPLOADS, TOKEN } from "../../kit/write-token.js";
import { Described } from "./described.js";

const UNKNOWN_TOKEN = { Authorization: "Bearer unknown" };
const PICTURE = { Accept: "image/png" };
const CSV = { "Content-Type": "text/csv" };
const JSON_TYPE = { "Content-Type": "application/json" };
const NOWHERE = "postgres://stranger@127.0.0.1:1/none";

const RATES = "/rates?date_from=2021-01-30&date_to=2021-01-31&orig_code=CNSGH&dest_code=europe";
const RATES_CSV = RATES.replace("/rates", "/rates.csv");
const LANES = "/rates/lanes?lanes=CNSGH:europe,CNSGH:SEGOT&date_from=2021-01-30&date_to=2021-01-31";
const LANES_CSV = LANES.replace("/lanes", "/lanes.csv");
const HEADER = "orig_code,dest_code,day,price\n";
const LINE = "CNSGH,SEGOT,2021-01-31,1234\n";
const BAD_LINE = "CNSGH,SEGOT,2021-02-30,1234\n";
const MUCH_JSON = JSON.stringify({ feed: "x".repeat(70_000) });

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

describe("the OpenAPI document, held against real answers", function () {
  this.timeout(25_000);
  const test = useDatabase();
  let server: RunningServer;
  let described: Described;
  let slow: Promise<Response>;
  let keys = 0;

  before(async () => {
    // Node.js looks every five seconds only, while the others run.
    slow = sendHeadersTooSlowly();
    await bringPlaces(test.database);
    const price = { origin: "CNSGH", destination: "SEGOT", day: "2021-01-31" };
    await deliver(test.database, { prices: [1, 2, 4].map((dollars) => ({ ...price, price: dollars })) });
    server = await start({ DATABASE_URL: test.url });
    described = await Described.read(server.apiUrl);
  });

  after(() => server.stop());

  const start = (environment: Record<string, string>) => startApi({ ...TAKES_UPLOADS, ...environment });

  /** With a server of its own, and every answer of it expected to be described. */
  async function withServer(environment: Record<string, string>, work: (url: string) => Promise<void>) {
    const other = await start(environment);
    try {
      await work(other.apiUrl);
    } finally {
      await other.stop();
    }
  }

  /** Sends a request and expects a described answer of this status. */
  async function met(
    status: number,
    operation: string,
    path: string,
    { headers = {}, body }: Sent = {},
    url = server.apiUrl,
  ): Promise<Response> {
    const [method = ""] = operation.split(" ");
    const answer = await fetch(url + path, {
      method,
      headers: { ...AUTHORIZED, ...headers },
      ...(body === undefined ? {} : { body: body as string }),
    });
    expect(answer.status, `${method} ${path}: ${await answer.clone().text()}`).to.equal(status);
    await described.expect(operation, answer);
    return answer;
  }

  const newKey = () => {
    keys += 1;
    return { "Idempotency-Key": `key-${keys}` };
  };

  async function open(): Promise<number> {
    const sent = { headers: { ...JSON_TYPE, ...newKey() }, body: '{"feed":"a"}' };
    const answer = await met(202, "POST /batches", "/batches", sent);
    return ((await answer.json()) as { id: number }).id;
  }

  const LIST = "GET /batches";
  const OPEN = "POST /batches";
  const SHOW = "GET /batches/{id}";
  const PIECE = "PUT /batches/{id}/pieces/{number}";
  const PUBLISH = "POST /batches/{id}/publish";
  const RETRACT = "POST /batches/{id}/retract";
  const FAIL = "POST /batches/{id}/fail";
  const REJECTS = "GET /batches/{id}/rejects";
  const FEEDS = "GET /feeds";

  /** A request for each operation, that a token or a database may stop before anything else does. */
  const plain = (): readonly (readonly [operation: string, path: string, sent: Sent])[] => [
    ["GET /rates", RATES, {}],
    ["GET /rates.csv", RATES_CSV, {}],
    ["GET /rates/lanes", LANES, {}],
    ["GET /rates/lanes.csv", LANES_CSV, {}],
    ["GET /ports", "/ports", {}],
    ["GET /ports/{code}", "/ports/CNSGH", {}],
    ["GET /regions", "/regions", {}],
    [LIST, "/batches", {}],
    [OPEN, "/batches", { headers: { ...JSON_TYPE, ...newKey() }, body: '{"feed":"a"}' }],
    [SHOW, "/batches/1", {}],
    [PIECE, "/batches/1/pieces/0", { headers: CSV, body: HEADER + LINE }],
    [PUBLISH, "/batches/1/publish", {}],
    [RETRACT, "/batches/1/retract", {}],
    [FAIL, "/batches/1/fail", {}],
    [REJECTS, "/batches/1/rejects", {}],
    [FEEDS, "/feeds", {}],
  ];
  const isAboutBatches = (operation: string) => /batches|feeds/.test(operation);
  const aboutBatches = () => plain().filter(([operation]) => isAboutBatches(operation));
  const aboutData = () => plain().filter(([operation]) => !isAboutBatches(operation));

  it("knows the answers about rates and places", async () => {
    const json: [status: number, path: string, headers?: Record<string, string>][] = [
      [200, RATES],
      [200, RATES_CSV],
      [200, RATES_CSV, { Accept: "text/csv" }],
      [304, RATES_CSV, { "If-None-Match": "*" }],
      [400, "/rates.csv"],
      [406, RATES_CSV, { Accept: "application/json" }],
      [304, RATES, { "If-None-Match": "*" }],
      [400, "/rates?date_from=2021-01-31&date_to=2021-01-30&origin=CNSGH&dest_code=europe"],
      [400, "/rates"],
      [406, RATES, PICTURE],
      [200, `${RATES}&interval=week`],
      [200, LANES],
      [200, `${LANES}&interval=month`],
      [304, LANES, { "If-None-Match": "*" }],
      [400, "/rates/lanes"],
      [406, LANES, PICTURE],
      [200, LANES_CSV],
      [304, LANES_CSV, { "If-None-Match": "*" }],
      [400, "/rates/lanes.csv"],
      [406, LANES_CSV, { Accept: "application/json" }],
      [200, "/ports"],
      [200, "/ports?search=china"],
      [200, "/ports?limit=2"],
      [200, "/ports?limit=2&cursor=Q05TR0g"],
      [304, "/ports", { "If-None-Match": "*" }],
      [400, "/ports?limit=0"],
      [406, "/ports", PICTURE],
      [200, "/regions"],
      [304, "/regions", { "If-None-Match": "*" }],
      [400, "/regions?x=1"],
      [406, "/regions", PICTURE],
    ];
    for (const [status, path, headers = {}] of json)
      await met(status, `GET ${path.split("?", 1)[0]}`, path, { headers });
    const PORT = "GET /ports/{code}";
    await met(200, PORT, "/ports/CNSGH");
    await met(304, PORT, "/ports/CNSGH", { headers: { "If-None-Match": "*" } });
    await met(400, PORT, "/ports/CNSGH?x=1");
    await met(404, PORT, "/ports/XXXXX");
    await met(406, PORT, "/ports/CNSGH", { headers: PICTURE });
  });

  it("knows the answers to a client that loads a batch in pieces", async () => {
    const id = await open();
    const piece = (number: number, body: string | Buffer, headers: Record<string, string> = CSV) =>
      [PIECE, `/batches/${id}/pieces/${number}`, { headers, body }] as const;
    await met(409, PUBLISH, `/batches/${id}/publish`);
    await met(409, RETRACT, `/batches/${id}/retract`);
    await met(201, ...piece(0, HEADER + LINE));
    await met(200, ...piece(0, HEADER + LINE));
    await met(409, ...piece(0, HEADER + LINE + LINE));
    await met(415, ...piece(1, "x", { "Content-Type": "image/png" }));
    await met(422, ...piece(1, zlib.gzipSync(HEADER + LINE).subarray(0, 25)));
    await met(422, ...piece(1, HEADER + BAD_LINE));
    await met(200, SHOW, `/batches/${id}`);
    await met(422, PUBLISH, `/batches/${id}/publish`);
    await met(201, ...piece(1, HEADER + LINE));
    await met(400, PUBLISH, `/batches/${id}/publish`, { headers: JSON_TYPE, body: "{" });
    await met(413, PUBLISH, `/batches/${id}/publish`, { headers: JSON_TYPE, body: MUCH_JSON });
    await met(200, PUBLISH, `/batches/${id}/publish`, { headers: JSON_TYPE, body: '{"pieces":2}' });
    await met(409, FAIL, `/batches/${id}/fail`);
    await met(200, REJECTS, `/batches/${id}/rejects`);
    await met(200, RETRACT, `/batches/${id}/retract`);
    await met(200, SHOW, `/batches/${id}`);
    await met(200, LIST, "/batches");
    await met(200, FEEDS, "/feeds");
  });

  it("knows the answers to a client that ends a batch", async () => {
    const id = await open();
    await met(400, FAIL, `/batches/${id}/fail`, { headers: JSON_TYPE, body: "{" });
    await met(413, FAIL, `/batches/${id}/fail`, { headers: JSON_TYPE, body: MUCH_JSON });
    await met(200, FAIL, `/batches/${id}/fail`, { headers: JSON_TYPE, body: '{"reason":"the wrong file"}' });
    await met(200, FAIL, `/batches/${id}/fail`);
    await met(409, REJECTS, `/batches/${id}/rejects`);
  });

  it("knows the answers to a client that sends a batch as one body", async () => {
    const send = (body: string | Buffer, headers: Record<string, string> = newKey(), query = "?feed=b") =>
      [OPEN, `/batches${query}`, { headers: { ...CSV, ...headers }, body }] as const;
    await met(202, ...send(HEADER + LINE));
    await met(400, ...send(HEADER + LINE, {}));
    await met(400, ...send(HEADER + LINE, newKey(), "?feed=b&x=1"));
    await met(415, ...send("x", { ...newKey(), "Content-Encoding": "br" }));
    await met(422, ...send(HEADER + BAD_LINE));
    await met(422, ...send(zlib.gzipSync(HEADER + LINE).subarray(0, 25)));
    await met(413, OPEN, "/batches", { headers: { ...JSON_TYPE, ...newKey() }, body: MUCH_JSON });
    await met(400, OPEN, "/batches", { headers: { ...JSON_TYPE, ...newKey() }, body: "{" });
    const empty = await createDatabase();
    try {
      await withServer({ DATABASE_URL: empty.url }, async (url) => {
        await met(409, OPEN, "/batches?feed=b", { headers: { ...CSV, ...newKey() }, body: HEADER + LINE }, url);
      });
    } finally {
      await empty.drop();
    }
  });

  it("knows 202 of a batch whose audit takes long", async () => {
    const id = await open();
    await met(201, PIECE, `/batches/${id}/pieces/0`, { headers: CSV, body: HEADER + LINE.repeat(3) });
    const client = await test.pool.connect();
    try {
      await client.query("BEGIN; LOCK TABLE daily_rates");
      await met(202, PUBLISH, `/batches/${id}/publish`);
    } finally {
      await client.query("ROLLBACK");
      client.release();
    }
    await met(200, PUBLISH, `/batches/${id}/publish`);
  });

  it("knows the refusals of batches", async () => {
    for (const [operation, path, sent] of aboutBatches())
      await met(401, operation, path, { ...sent, headers: { ...sent.headers, ...UNKNOWN_TOKEN } });
    await met(400, LIST, "/batches?limit=0");
    await met(406, LIST, "/batches", { headers: PICTURE });
    await met(406, FEEDS, "/feeds", { headers: PICTURE });
    await met(406, SHOW, "/batches/1", { headers: PICTURE });
    const one = aboutBatches().filter(([operation]) => operation.includes("{id}"));
    for (const [operation, path, sent] of one) {
      await met(400, operation, path.replace("/1", "/x"), sent);
      await met(404, operation, path.replace("/1", "/999"), sent);
    }
    const large = await exchange(
      server.apiUrl,
      `PUT /batches/1/pieces/0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n` +
        "Content-Type: text/csv\r\nContent-Length: 2000000000\r\n\r\n",
    );
    expect(large.status).to.equal(413);
    await described.expect(PIECE, large);
  });

  it("knows 429, of a client that asks too often and of too many bodies at once", async () => {
    await withServer({ DATABASE_URL: test.url, RATE_LIMIT_PER_SECOND: "1", RATE_LIMIT_BURST: "1" }, async (url) => {
      await fetch(`${url}/regions`);
      for (const [operation, path, sent] of plain()) {
        // A request that is slow to come has been given another by then.
        const refused = await until("it is refused", async () => {
          const init = { method: operation.split(" ")[0] as string, headers: { ...AUTHORIZED, ...sent.headers } };
          const answer = await fetch(url + path, { ...init, ...(sent.body ? { body: sent.body as string } : {}) });
          return answer.status === 429 && answer;
        });
        await described.expect(operation, refused);
      }
    });
    await withServer({ DATABASE_URL: test.url }, async (url) => {
      const id = await open();
      const leaving = new AbortController();
      const hanging = [0, 1, 2].map((number) =>
        exchange(
          url,
          `PUT /batches/${id}/pieces/${number} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n` +
            "Content-Type: text/csv\r\nContent-Length: 1000\r\n\r\n",
          leaving.signal,
        ),
      );
      await until("three bodies are being read", async () => {
        const { rows } = await test.pool.query("SELECT FROM pieces WHERE batch_id = $1", [id]);
        return rows.length === 3;
      });
      const sent = { headers: { ...CSV, ...newKey() }, body: HEADER + LINE };
      for (const answer of [
        await met(429, PIECE, `/batches/${id}/pieces/3`, sent, url),
        await met(429, OPEN, "/batches?feed=b", sent, url),
      ])
        expect(await answer.json()).to.include({ type: "/docs/errors#too-many-uploads" });
      leaving.abort();
      await Promise.all(hanging);
    });
  });

  it("knows 503, with its every reason", async () => {
    const type = async (answer: Response) => ((await answer.json()) as { type: string }).type.split("#")[1];
    await withServer({ DATABASE_URL: NOWHERE, REQUEST_TIMEOUT_MS: "200" }, async (url) => {
      for (const [operation, path, sent] of plain())
        expect(await type(await met(503, operation, path, sent, url)), operation).to.equal("database-away");
    });
    await withServer({ DATABASE_READ_URL: test.url }, async (url) => {
      for (const [operation, path, sent] of aboutBatches())
        expect(await type(await met(503, operation, path, sent, url)), operation).to.equal("read-only");
    });
    const patient = { STATEMENT_TIMEOUT_MS: "10000", REQUEST_TIMEOUT_MS: "10000", DATABASE_POOL_SIZE: "1" };
    await withServer({ DATABASE_URL: test.url, MAX_WAITING_QUERIES: "1", ...patient }, async (url) => {
      await whileLocked(async () => {
        // One asks and two wait, of which one is told that every connection is in use; the others are turned away at
        // once.
        const details = new Set<string>();
        for (const day of [21, 22, 23, 24, 25, 26]) {
          void met(503, "GET /rates", RATES.replace("2021-01-30", `2021-01-${day}`), {}, url)
            .then((answer) => answer.json() as Promise<{ detail: string }>)
            .then(
              ({ detail }) => details.add(detail),
              () => {},
            );
        }
        const wanted = ["Too many questions wait for the database.", "Every connection to the database is in use."];
        await until("both were met", () => wanted.every((detail) => details.has(detail)));
      });
    });
  });

  it("knows 504 of a question that takes too long", async () => {
    await withServer({ DATABASE_URL: test.url, STATEMENT_TIMEOUT_MS: "100" }, (url) =>
      whileLocked(async () => {
        for (const [operation, path, sent] of aboutData()) await met(504, operation, path, sent, url);
      }),
    );
  });

  it("knows what is refused before its path is known", async () => {
    const answers = [
      [400, await exchange(server.apiUrl, "GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n")],
      [431, await exchange(server.apiUrl, `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`)],
      [408, await slow],
    ] as const;
    for (const [status, answer] of answers) {
      expect(answer.status).to.equal(status);
      for (const operation of described.operations) await described.expect(operation, answer);
    }
  });

  it("has nothing that no answer above was like, but for faults", () => {
    expect(described.unmet.filter((answer) => !answer.startsWith("500 "))).to.deep.equal([]);
  });

  async function whileLocked(work: () => Promise<void>): Promise<void> {
    const client = await test.pool.connect();
    try {
      await client.query("BEGIN; LOCK TABLE places");
      await work();
    } finally {
      await client.query("ROLLBACK");
      client.release();
    }
  }
});

async function sendHeadersTooSlowly(): Promise<Response> {
  const { server } = createHttpServer(() => {}, pino({ level: "silent" }));
  server.headersTimeout = 100;
  await listen(server, 0, "127.0.0.1");
  try {
    const { port } = server.address() as AddressInfo;
    return await exchange(`http://127.0.0.1:${port}`, "GET / HTTP/1.1\r\nHost: x\r\n");
  } finally {
    server.close();
  }
}
