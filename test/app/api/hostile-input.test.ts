import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { expect } from "chai";
import { pino } from "pino";
import { type RunningServer, startServer } from "../../../app/api/server.js";
import { readSettings } from "../../../app/settings.js";
import { useDatabase } from "../../kit/database.js";
import { exchange } from "../../kit/exchange.js";
import { bringPlaces } from "../../kit/places.js";
import { until } from "../../kit/until.js";
import { AUTHORIZED, TAKES_UPLOADS } from "../../kit/write-token.js";

/** Texts that some part behind the API cannot take as they are: Postgres, JSON, headers, logs. */
const HOSTILE: Readonly<Record<string, string>> = {
  empty: "",
  "a NUL": "a\0b",
  "a lone surrogate": "a\ud800b",
  "half a pair at its end": "a\ud83d",
  "control characters": "a\u0001\u001b[31m\u007f\u0085b",
  "ends of lines": "a\r\nb: c",
  "a space at its end": "a ",
  "what is no character": "\ufffe\uffff",
  "characters beyond the plane": "🚢".repeat(50),
  "letters from right to left": "\u202eabc",
  "the name of a prototype": "__proto__",
  "the name of a constructor": "constructor",
  SQL: "'; DROP TABLE batches; --",
  "a number that is none": "NaN",
  "a number in other notation": "1e3",
  "a hexadecimal number": "0x10",
  "a negative number": "-1",
  "a fraction": "1.5",
  zero: "0",
  "2^31": "2147483648",
  "2^63": "9223372036854775808",
  "2^64": "18446744073709551616",
  "a number beyond all": "9".repeat(400),
  "200 characters": "x".repeat(200),
  "12,000 characters": "x".repeat(12_000),
  "4,000 control characters": "\u0001".repeat(4_000),
};
/** Of a path or a query, which cannot be decoded. */
const UNDECODABLE: Readonly<Record<string, string>> = {
  "a NUL in its address": "%00",
  "a surrogate in its address": "%ED%A0%80",
  "half a character": "%E2%82",
  "no hexadecimal digits": "%ZZ",
  "a percent sign": "%",
};

/** What the text goes into, as `path`, headers and body. */
type Into = (text: string, encoded: string) => { path: string; headers?: Record<string, string>; body?: string };

const DAYS = { date_from: "2024-01-01", date_to: "2024-01-31" };
const RATES = { ...DAYS, orig_code: "CNSGH", dest_code: "NLRTM" };
const JSON_TYPE = { "Content-Type": "application/json" };
const CSV_TYPE = { "Content-Type": "text/csv" };
const CSV = "orig_code,dest_code,day,price\nCNSGH,NLRTM,2024-02-29,1\n";
let keys = 0;
const aKey = () => ({ "Idempotency-Key": `key-${++keys}` });
const query = (parameters: Readonly<Record<string, string>>) =>
  Object.entries(parameters)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
const member = (name: string, text: string) => JSON.stringify({ feed: "a", [name]: text });

/** Every text that a client can send, by operation; `ID` is an open batch. */
const INPUTS: Readonly<Record<string, Into>> = {
  ...Object.fromEntries(
    [...Object.keys(RATES), "origin", "destination"].map((name): [string, Into] => [
      `GET /rates ${name}`,
      (_, encoded) => ({ path: `/rates?${query({ ...RATES, [name]: encoded })}` }),
    ]),
  ),
  "GET /rates name of a parameter": (_, encoded) => ({ path: `/rates?${query(RATES)}&${encoded}=1` }),
  "GET /rates all of the query": (_, encoded) => ({ path: `/rates?${encoded}` }),
  "GET /ports limit": (_, encoded) => ({ path: `/ports?limit=${encoded}` }),
  "GET /ports search": (_, encoded) => ({ path: `/ports?search=${encoded}` }),
  "GET /ports code": (_, encoded) => ({ path: `/ports/${encoded}` }),
  "GET /rates interval": (_, encoded) => ({ path: `/rates?${query({ ...RATES, interval: encoded })}` }),
  "GET /rates/lanes lanes": (_, encoded) => ({ path: `/rates/lanes?${query({ ...DAYS, lanes: encoded })}` }),
  "GET /rates/lanes origin": (_, encoded) => ({
    path: `/rates/lanes?${query({ ...DAYS, lanes: `CNSGH:NLRTM,${encoded}:NLRTM` })}`,
  }),
  "GET /ports cursor": (_, encoded) => ({ path: `/ports?cursor=${encoded}` }),
  "GET /regions name of a parameter": (_, encoded) => ({ path: `/regions?${encoded}` }),
  "GET path": (_, encoded) => ({ path: `/${encoded}` }),
  "GET /assets name": (_, encoded) => ({ path: `/assets/${encoded}` }),
  "GET /docs/assets name": (_, encoded) => ({ path: `/docs/assets/${encoded}` }),
  "GET /docs query": (_, encoded) => ({ path: `/docs?${encoded}` }),
  "DELETE /batches id": (_, encoded) => ({ path: `/batches/${encoded}` }),
  ...Object.fromEntries(
    ["limit", "cursor", "feed", "state"].map((name): [string, Into] => [
      `GET /batches ${name}`,
      (_, encoded) => ({ path: `/batches?${name}=${encoded}` }),
    ]),
  ),
  ...Object.fromEntries(
    ["feed", "mode", "source", "max_bad_rows", "deadline_seconds", "other"].flatMap((name): [string, Into][] => [
      [
        `POST /batches (JSON) ${name}`,
        (text) => ({ path: "/batches", headers: { ...JSON_TYPE, ...aKey() }, body: member(name, text) }),
      ],
      [
        `POST /batches (CSV) ${name}`,
        (_, encoded) => ({
          path: `/batches?${query({ feed: "a", [name]: encoded })}`,
          headers: { ...CSV_TYPE, ...aKey() },
          body: CSV,
        }),
      ],
    ]),
  ),
  "POST /batches name of a member": (text) => ({
    path: "/batches",
    headers: { ...JSON_TYPE, ...aKey() },
    body: JSON.stringify({ feed: "a", [`${text} `]: 1 }),
  }),
  "POST /batches all of the body": (text) => ({
    path: "/batches",
    headers: { ...JSON_TYPE, ...aKey() },
    body: text,
  }),
  "GET /batches/{id}": (_, encoded) => ({ path: `/batches/${encoded}` }),
  "GET /batches/{id}/rejects": (_, encoded) => ({ path: `/batches/${encoded}/rejects` }),
  "POST /batches/{id}/publish id": (_, encoded) => ({ path: `/batches/${encoded}/publish` }),
  "POST /batches/{id}/retract id": (_, encoded) => ({ path: `/batches/${encoded}/retract` }),
  "POST /batches/{id}/fail id": (_, encoded) => ({ path: `/batches/${encoded}/fail` }),
  "PUT /batches/{id}/pieces/{number} id": (_, encoded) => ({
    path: `/batches/${encoded}/pieces/0`,
    headers: CSV_TYPE,
    body: CSV,
  }),
  "PUT /batches/{id}/pieces/{number} number": (_, encoded) => ({
    path: `/batches/ID/pieces/${encoded}`,
    headers: CSV_TYPE,
    body: CSV,
  }),
  "POST /batches/{id}/publish pieces": (text) => ({
    path: "/batches/ID/publish",
    headers: JSON_TYPE,
    body: JSON.stringify({ pieces: `${text}9` }),
  }),
  "POST /batches/{id}/fail reason": (text) => ({
    path: "/batches/2147483647/fail",
    headers: JSON_TYPE,
    body: JSON.stringify({ reason: text }),
  }),
  ...Object.fromEntries(
    ["Host", "Accept", "Accept-Encoding", "If-None-Match", "X-Request-Id", "X-Forwarded-For", "Expect", "Origin"].map(
      (name): [string, Into] => [
        `GET /rates header ${name}`,
        (text) => ({ path: `/rates?${query(RATES)}`, headers: { [name]: text } }),
      ],
    ),
  ),
  ...Object.fromEntries(
    ["Idempotency-Key", "Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding"].flatMap(
      (name): [string, Into][] => [
        [
          `POST /batches (JSON) header ${name}`,
          (text) => ({ path: "/batches", headers: { ...JSON_TYPE, ...aKey(), [name]: text }, body: '{"feed":"a"}' }),
        ],
        [
          `POST /batches (CSV) header ${name}`,
          (text) => ({ path: "/batches?feed=a", headers: { ...CSV_TYPE, ...aKey(), [name]: text }, body: CSV }),
        ],
        [
          `PUT /batches/{id}/pieces/{number} header ${name}`,
          (text) => ({ path: "/batches/ID/pieces/7", headers: { ...CSV_TYPE, [name]: text }, body: CSV }),
        ],
      ],
    ),
  ),
  "GET /batches header Authorization": (text) => ({ path: "/batches", headers: { Authorization: `Bearer ${text}` } }),
};

describe("whatever a client sends", function () {
  this.timeout(60_000);
  const test = useDatabase();
  let server: RunningServer;
  let batch: number;
  const logged: Record<string, unknown>[] = [];

  before(async () => {
    await bringPlaces(test.database);
    server = await startServer({
      settings: readSettings({
        HOST: "127.0.0.1",
        PORT: "0",
        ADMIN_PORT: "0",
        RATE_LIMIT_PER_SECOND: "0",
        MAX_EVENT_LOOP_LAG_MS: "60000",
        DATABASE_URL: test.url,
        ...TAKES_UPLOADS,
        TRUSTED_PROXIES: "127.0.0.1",
      }),
      logger: pino({ base: null }, { write: (line: string) => void logged.push(JSON.parse(line)) }),
    });
    batch = (
      (await (
        await send("POST", { path: "/batches", headers: { ...JSON_TYPE, ...aKey() }, body: '{"feed":"a"}' })
      ).json()) as { id: number }
    ).id;
  });

  after(() => server.stop());

  /** As bytes, because no client library sends what these tests send. */
  const send = (method: string, { path, headers = {}, body }: ReturnType<Into>, leaving?: AbortSignal) => {
    const all: Record<string, string> = {
      Host: "x",
      Connection: "close",
      ...AUTHORIZED,
      ...(body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) }),
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    const target = path.replace("ID", String(batch));
    return exchange(server.apiUrl, `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body ?? ""}`, leaving);
  };

  /** As the server receives it, which runs in this process. */
  const nextRequest = () =>
    new Promise<IncomingMessage>((resolve) => {
      const note = (message: unknown) => {
        unsubscribe("http.server.request.start", note);
        resolve((message as { request: IncomingMessage }).request);
      };
      subscribe("http.server.request.start", note);
    });

  const expectRefusal = async (answer: Response, what: string) => {
    const text = await answer.text();
    expect(answer.status, `${what}: ${text.slice(0, 300)}`).to.be.below(500);
    if (answer.status < 400) return;
    expect(answer.headers.get("content-type"), what).to.equal("application/problem+json");
    expect(text.length, what).to.be.below(10_000);
  };

  /** Sends and reads the document that refuses it. */
  const refusal = async (method: string, request: ReturnType<Into>) => {
    const answer = await send(method, request);
    const text = await answer.text();
    return { status: answer.status, text, document: JSON.parse(text) as { errors?: { parameter: string }[] } };
  };

  it("is refused by the name of the parameter where Postgres could not keep it", async () => {
    for (const input of [
      "GET /rates orig_code",
      "GET /batches feed",
      "POST /batches (JSON) feed",
      "POST /batches (CSV) feed",
      "POST /batches (JSON) source",
      "POST /batches (CSV) source",
      "POST /batches/{id}/fail reason",
    ]) {
      const [method = ""] = input.split(" ");
      // An address cannot spell the second.
      for (const text of ["a\0b", ...(input.includes("JSON") || input.includes("reason") ? ["a\ud800b"] : [])]) {
        const request = INPUTS[input]?.(text, encodeURIComponent(text.toWellFormed())) as ReturnType<Into>;
        const { status, document } = await refusal(method, request);
        expect(
          [status, document.errors?.map(({ parameter }) => parameter)],
          `${input} ${JSON.stringify(text)}`,
        ).to.deep.equal([400, [input.split(" ").at(-1)]]);
      }
    }
  });

  it("is answered at once and in few words, however many parameters or members it has", async () => {
    const many = (write: (index: number) => string) => Array.from({ length: 1_500 }, (_, index) => write(index));
    const queries = {
      "one a thousand times": `/rates?${"a&".repeat(7_000)}`,
      "thousands of others": `/regions?${many((index) => `a${index}=`).join("&")}`,
      "one that is known": `/ports?${many(() => "limit=1").join("&")}`,
    };
    for (const [what, path] of Object.entries(queries)) {
      const beganAtMs = performance.now();
      const { status, text } = await refusal("GET", { path });
      // Koa alone reads the first in two seconds, in which no other request is answered.
      expect(performance.now() - beganAtMs, what).to.be.below(1_000);
      expect(status, what).to.equal(400);
      expect(text.length, what).to.be.below(500);
    }
    const fifty = await refusal("GET", {
      path: `/regions?${many((index) => `${index}`)
        .slice(0, 50)
        .join("&")}`,
    });
    expect(fifty.document.errors).to.have.length(10);
    expect(fifty.text).to.include("And 40 more mistakes.");
    const body = `{"feed":"a",${many((index) => `"a${index}":1`).join()}}`;
    const members = await refusal("POST", { path: "/batches", headers: { ...JSON_TYPE, ...aKey() }, body });
    expect(members.status).to.equal(400);
    expect(members.text.length).to.be.below(2_000);
  });

  it("is told how long a body may be that says more than there are bytes", async () => {
    const headers = { ...CSV_TYPE, "Content-Length": String(2n ** 64n - 1n) };
    for (const [method, path] of [
      ["POST", "/batches?feed=a"],
      ["PUT", "/batches/ID/pieces/8"],
      ["POST", "/batches/ID/publish"],
    ] as const) {
      const answer = await send(method, { path, headers: { ...headers, ...aKey() } });
      expect(answer.status, path).to.equal(413);
    }
    const answer = await send("POST", {
      path: "/batches?feed=a",
      headers: { ...headers, "Content-Length": String(2n ** 64n) },
    });
    expect(answer.status).to.equal(400);
  });

  it("is taken for a number only if it is written as one", async () => {
    for (const value of ["true", "null", '""', "[]", "1.5", "-1", '" 7"', '"1e3"', "1e99"]) {
      const body = `{"feed":"a","max_bad_rows":${value}}`;
      const answer = await send("POST", { path: "/batches", headers: { ...JSON_TYPE, ...aKey() }, body });
      expect(answer.status, value).to.equal(400);
      expect(await answer.text(), value).to.include("max_bad_rows: must be a whole number from 0 to 1000000000.");
    }
    for (const value of ["", "+1", "0x1", "1.0"]) {
      const path = `/batches?feed=a&max_bad_rows=${value}`;
      expect((await send("POST", { path, headers: { ...CSV_TYPE, ...aKey() }, body: CSV })).status, value).to.equal(
        400,
      );
    }
  });

  it("is a page only within its bounds", async () => {
    const outside = ["limit=0", "limit=00", "limit=", "limit=-1", "limit=1.0", "cursor=", "cursor=0", "cursor=%20"];
    for (const path of ["/ports", "/batches"]) {
      for (const query of [...outside, "limit=1001"]) {
        const { status, document } = await refusal("GET", { path: `${path}?${query}` });
        const parameter = query.split("=", 1)[0];
        expect([status, document.errors?.map((error) => error.parameter)], `${path}?${query}`).to.deep.equal([
          400,
          [parameter],
        ]);
      }
    }
    for (const query of ["limit=201", "cursor=2147483648", "feed=", "state=", "state=lost"]) {
      expect((await refusal("GET", { path: `/batches?${query}` })).status, query).to.equal(400);
    }
    for (const path of ["/ports?limit=1", "/ports?limit=1000", "/batches?limit=200", "/batches?cursor=2147483647"]) {
      expect((await send("GET", { path })).status, path).to.equal(200);
    }
  });

  it("is no error of the service when a client leaves in the middle of it", async () => {
    logged.length = 0;
    for (const [method, path, headers, body] of [
      ["POST", "/batches?feed=left", { ...CSV_TYPE, "Content-Length": "1000000" }, CSV.repeat(1_000)],
      ["PUT", "/batches/ID/pieces/9", { ...CSV_TYPE, "Content-Length": "1000000" }, CSV.repeat(1_000)],
      ["POST", "/batches", { ...JSON_TYPE, "Content-Length": "100" }, '{"feed":'],
      ["POST", "/batches/ID/fail", { ...JSON_TYPE, "Content-Length": "100" }, '{"reason":'],
    ] as const) {
      const received = nextRequest();
      const leaving = new AbortController();
      const left = send(method, { path, headers: { ...headers, ...aKey() }, body }, leaving.signal);
      const request = await received;
      await until(`the body of ${method} ${path} is being read`, () => request.readableDidRead);
      leaving.abort();
      await left;
      await until(`it is noted of ${method} ${path}`, () =>
        logged.some(({ msg, url }) => msg === "the client left in the middle of its body" && url === request.url),
      );
    }
    expect(logged.filter(({ level }) => (level as number) > 30)).to.deep.equal([]);
  });

  it("is no error of the service either when a client leaves in the middle of its answer", async () => {
    const bad = `CNSGH,NOWHERE,2024-02-29,1${" ".repeat(900)}\n`.repeat(5_000);
    const opened = await send("POST", {
      path: "/batches?feed=a&max_bad_rows=5000",
      headers: { ...CSV_TYPE, ...aKey() },
      body: CSV + bad,
    });
    const { id } = (await opened.json()) as { id: number };
    logged.length = 0;
    const leaving = new AbortController();
    const { body } = await fetch(`${server.apiUrl}/batches/${id}/rejects`, {
      headers: AUTHORIZED,
      signal: leaving.signal,
    });
    await body?.getReader().read();
    leaving.abort();
    await until("it is noted", () => logged.some(({ msg }) => msg === "the client left in the middle of its answer"));
    expect(logged.filter(({ level }) => (level as number) > 30)).to.deep.equal([]);
  });

  for (const [input, into] of Object.entries(INPUTS)) {
    const method = input.split(" ", 1)[0] as string;
    it(`is answered with less than 500, in few words, without an error in the log: ${input}`, async () => {
      logged.length = 0;
      for (const [what, text] of Object.entries(HOSTILE)) {
        // What says that more is to come than does: the client leaves.
        const leaving = AbortSignal.timeout(500);
        const answer = await send(method, into(text, encodeURIComponent(text.toWellFormed())), leaving);
        if (answer.type !== "error") await expectRefusal(answer, what);
      }
      for (const [what, encoded] of Object.entries(UNDECODABLE)) {
        await expectRefusal(await send(method, into(encoded, encoded), AbortSignal.timeout(500)), what);
      }
      expect(logged.filter(({ level }) => (level as number) > 30)).to.deep.equal([]);
    });
  }
});
