import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import zlib from "node:zlib";
import { expect } from "chai";
import pino from "pino";
import { type RunningServer, startServer } from "../../../app/api/server.js";
import { Session } from "../../../app/database/queries.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { beginAudit } from "../../../app/ingest/audit/audit.sql.js";
import { completeUpload } from "../../../app/ingest/uploads/upload.js";
import { claimUploaded } from "../../../app/ingest/uploads/upload.sql.js";
import { readSettings } from "../../../app/settings.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { until } from "../../kit/until.js";
import { age, seen } from "./deliveries.js";
import { plant, type Tree } from "./tree.js";

const TOKEN = "secret";
const HEADER = "orig_code,dest_code,day,price\n";

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are checked member by member.
  readonly body: any;
}

describe("batches over HTTP", () => {
  let database: TestDatabase;
  let directory: string;
  let server: RunningServer;
  let tree: Tree;
  let keys = 0;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "ratesapp-upload-"));
    await writeFile(join(directory, "tokens"), `ann:${createHash("sha256").update(TOKEN).digest("hex")}\n`);
  });

  beforeEach(async () => {
    database = await createDatabase();
    tree = await plant(database.pool, { regionParents: [-1, 0], portParents: [1, 1, 0] });
    server = await start({ DATABASE_URL: database.url });
  });

  afterEach(async () => {
    await server.stop();
    await database.drop();
  });

  after(() => rm(directory, { recursive: true }));

  const start = (environment: Record<string, string>) =>
    startServer({
      settings: readSettings({
        HOST: "127.0.0.1",
        PORT: "0",
        ADMIN_PORT: "0",
        RATE_LIMIT_PER_SECOND: "0",
        // This test runs in the same event loop.
        MAX_EVENT_LOOP_LAG_MS: "10000",
        WRITE_TOKENS_FILE: join(directory, "tokens"),
        ...environment,
      }),
      logger: pino({ level: "silent" }),
    });

  async function call(method: string, path: string, body?: string | Buffer, headers: Record<string, string> = {}) {
    const response = await fetch(server.apiUrl + path, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      ...(body === undefined ? {} : { body: body as string }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined } as Reply;
  }

  const json = { "content-type": "application/json" };
  const csv = { "content-type": "text/csv" };

  async function open(members: object = {}, key = `key-${++keys}`): Promise<number> {
    const reply = await call("POST", "/batches", JSON.stringify({ feed: "a", ...members }), {
      ...json,
      "idempotency-key": key,
    });
    expect(reply.status).to.equal(202);
    expect(reply.headers.get("location")).to.equal(`/batches/${reply.body.id}`);
    return reply.body.id;
  }

  const put = (id: number, number: number, lines: string, headers: Record<string, string> = csv) =>
    call("PUT", `/batches/${id}/pieces/${number}`, HEADER + lines, headers);

  /** Publishes the batch, even if that takes longer than a request waits. */
  const publish = (id: number) =>
    until("it is published", async () => (await call("POST", `/batches/${id}/publish`)).status !== 202);

  const line = (price: number, day = "2024-02-29") => `AAAAA,AAAAB,${day},${price}\n`;
  const visible = async () => (await seen(database.pool)).get(`${tree.ports[0]}>${tree.ports[1]} 2024-02-29`);

  it("loads pieces in parallel and in any order, then publishes them as one", async () => {
    const id = await open();
    const sent = await Promise.all([2, 0, 1].map((number) => put(id, number, line(100 + number))));
    expect(sent.map(({ status }) => status)).to.deep.equal([201, 201, 201]);
    expect(sent[0]?.body).to.deep.equal({ number: 2, rows: 1, rejected: 0, bytes: 57 });
    expect(await visible()).to.equal(undefined);
    const published = await call("POST", `/batches/${id}/publish`, JSON.stringify({ pieces: 3 }), json);
    expect(published.status).to.equal(200);
    expect(published.body.state).to.equal("published");
    expect(published.body.rows).to.deep.equal({ loaded: 3, expected: 3, rejected: 0 });
    expect(await visible()).to.equal("3/303");
    expect((await call("POST", `/batches/${id}/publish`)).status).to.equal(200);
  });

  it("does not close a batch over a piece that is claimed at the same instant", async () => {
    const id = await open();
    await put(id, 0, line(1));
    const client = await database.pool.connect();
    await client.query("BEGIN");
    await new Session(client).run(claimUploaded, { batchId: id, number: 1, worker: "other" });
    const publishing = call("POST", `/batches/${id}/publish`);
    // Asks pg_stat_activity: in pg_locks, the wait for a row is a wait for a transaction, which names no database.
    const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await until("it waits for the lock", async () => (await database.pool.query(waiting)).rowCount !== 0);
    await client.query("COMMIT");
    client.release();
    const refused = await publishing;
    expect([refused.status, refused.body.type]).to.deep.equal([409, "/docs/errors#batch-incomplete"]);
  });

  it("takes gzip and NDJSON", async () => {
    const id = await open();
    const zipped = zlib.gzipSync(HEADER + line(7));
    expect(
      (await call("PUT", `/batches/${id}/pieces/0`, zipped, { ...csv, "content-encoding": "gzip" })).status,
    ).to.equal(201);
    const ndjson = `${JSON.stringify({ orig_code: "AAAAA", dest_code: "AAAAB", day: "2024-02-29", price: 8 })}\n`;
    const type = { "content-type": "application/x-ndjson" };
    expect((await call("PUT", `/batches/${id}/pieces/1`, ndjson, type)).status).to.equal(201);
    await publish(id);
    expect(await visible()).to.equal("2/15");
  });

  it("gives the same batch for the same key, without using up a number, and refuses the key for anything else", async () => {
    const id = await open({ deadline_seconds: 60 }, "once");
    expect(await open({ deadline_seconds: 60 }, "once")).to.equal(id);
    expect(await open({}, "twice")).to.equal(id + 1);
    for (const other of [{ deadline_seconds: 61 }, {}, { deadline_seconds: 60, max_bad_rows: 1 }]) {
      const refused = await call("POST", "/batches", JSON.stringify({ feed: "a", ...other }), {
        ...json,
        "idempotency-key": "once",
      });
      expect(refused.status, JSON.stringify(other)).to.equal(422);
    }
    const reply = await call("POST", "/batches", JSON.stringify({ feed: "a", mode: "replace" }), {
      ...json,
      "idempotency-key": "once",
    });
    expect([reply.status, reply.body.type]).to.deep.equal([422, "/docs/errors#key-reused"]);
  });

  it("refuses a key that belongs to a batch which is sent the other way", async () => {
    const id = await open({}, "both");
    const stream = await call("POST", "/batches?feed=a", HEADER + line(1), { ...csv, "idempotency-key": "both" });
    expect([stream.status, stream.body.type]).to.deep.equal([422, "/docs/errors#key-reused"]);
    expect(stream.body.detail).to.include(`batch ${id}, which has another way of sending`);
  });

  it("takes the same bytes again, and refuses others", async () => {
    const id = await open();
    expect((await put(id, 0, line(1))).status).to.equal(201);
    expect((await put(id, 0, line(1))).status).to.equal(200);
    const other = await put(id, 0, line(2));
    expect([other.status, other.body.type]).to.deep.equal([409, "/docs/errors#piece-conflict"]);
    await publish(id);
    expect(await visible()).to.equal("1/1");
    expect((await put(id, 0, line(1))).status).to.equal(200);
    expect((await put(id, 1, line(1))).status).to.equal(409);
  });

  it("leaves nothing of a piece whose connection breaks, and takes it again at once", async () => {
    const id = await open();
    await cut(`PUT /batches/${id}/pieces/0`, HEADER + line(1), 10_000);
    expect((await database.pool.query("SELECT count(*)::integer AS n FROM prices")).rows[0].n).to.equal(0);
    const early = await call("POST", `/batches/${id}/publish`);
    expect([early.status, early.body.type]).to.deep.equal([409, "/docs/errors#batch-incomplete"]);
    expect((await put(id, 0, line(5))).status).to.equal(201);
    await publish(id);
    expect(await visible()).to.equal("1/5");
  });

  it("says that a batch waits for its publish, unless something is missing, bad or on its way", async () => {
    const waits = async (id: number) => (await call("GET", `/batches/${id}`)).body.awaits_publish;
    const id = await open();
    expect(await waits(id)).to.equal(false);
    await put(id, 0, line(1));
    const shown = await call("GET", `/batches/${id}`);
    expect(shown.body).to.include({ awaits_publish: true, progress: null, estimated_end: null });
    await put(id, 1, "AAAAA,ZZZZZ,2024-02-29,3\n");
    expect(await waits(id)).to.equal(false);
    await put(id, 1, line(2));
    expect(await waits(id)).to.equal(true);
    await database.run(claimUploaded, { batchId: id, number: 2, worker: "another request" });
    expect(await waits(id)).to.equal(false);

    const body = HEADER + line(1);
    const stream = await call("POST", "/batches?feed=a", body, { ...csv, "idempotency-key": "one-body" });
    expect([stream.status, stream.body.awaits_publish]).to.deep.equal([202, true]);
    const published = await call("POST", `/batches/${stream.body.id}/publish`);
    expect(published.body).to.include({ state: "published", awaits_publish: false });
  });

  for (const [what, body, type, lines] of [
    ["bad lines alone, as many as are allowed", `${HEADER}ZZZZZ,AAAAB,2024-02-29,1\n`, "bad-lines", 1],
    ["a header alone", HEADER, "unreadable-body", 0],
    ["a header and empty lines", `${HEADER}\n\r\n`, "unreadable-body", 0],
  ] as const) {
    it(`fails a body at once that holds no prices: ${what}`, async () => {
      const headers = { ...csv, "idempotency-key": what.replaceAll(" ", "-") };
      for (const time of ["first", "second"]) {
        const reply = await call("POST", "/batches?feed=a&max_bad_rows=5", body, headers);
        expect([reply.status, reply.body.type], time).to.deep.equal([422, `/docs/errors#${type}`]);
        expect(reply.body.detail, time).to.equal("It holds no prices.");
        expect(reply.body.lines ?? [], time).to.have.lengthOf(lines);
      }
      const [batch] = (await call("GET", "/batches?feed=a")).body.batches;
      expect(batch).to.include({ state: "failed", failure: "It holds no prices." });
    });
  }

  it("names bad lines, takes the piece corrected, and publishes", async () => {
    const id = await open({ source: "may.csv" });
    const bad = await put(id, 0, `${line(1)}AAAAA,ZZZZZ,2024-02-29,3\n${line(2)}`);
    expect([bad.status, bad.body.type]).to.deep.equal([422, "/docs/errors#bad-lines"]);
    expect(bad.body.lines).to.have.length(1);
    const content = "AAAAA,ZZZZZ,2024-02-29,3";
    expect(bad.body.lines[0]).to.include({ file: "may.csv", piece: 0, line: 3, column: "dest_code", content });
    const refused = await call("POST", `/batches/${id}/publish`);
    expect([refused.status, refused.body.type]).to.deep.equal([422, "/docs/errors#bad-lines"]);
    const shown = await call("GET", `/batches/${id}`);
    expect(shown.body.state).to.equal("loading");
    expect(shown.body.errors).to.deep.equal(bad.body.lines);
    expect((await put(id, 0, line(1) + line(2))).status).to.equal(201);
    expect((await call("GET", `/batches/${id}`)).body.errors).to.deep.equal([]);
    expect((await call("POST", `/batches/${id}/publish`)).body.state).to.equal("published");
  });

  it("counts the lines of each piece from its own header", async () => {
    const id = await open({ source: "may.csv" });
    for (const number of [4, 7]) await put(id, number, `${line(1)}AAAAA,ZZZZZ,2024-02-29,3\n`);
    const { errors } = (await call("GET", `/batches/${id}`)).body;
    expect(errors.map((bad: { piece: number; line: number }) => [bad.piece, bad.line])).to.deep.equal([
      [4, 3],
      [7, 3],
    ]);
    const headless = await call("PUT", `/batches/${id}/pieces/8`, "price\n1\n", csv);
    expect([headless.status, headless.body.lines[0].piece, headless.body.lines[0].line]).to.deep.equal([422, 8, 1]);
  });

  it("gives the lines that were left out, also those of a body", async () => {
    const bad = "AAAAA,ZZZZZ,2024-02-29,3\n";
    const headers = { authorization: `Bearer ${TOKEN}` };
    const sent = { ...csv, "idempotency-key": "left-out" };
    const { body } = await call("POST", "/batches?feed=a&max_bad_rows=2", HEADER + bad + line(1) + bad, sent);
    const { id } = body;
    expect([body.errors.length, body.error_counts]).to.deep.equal([
      2,
      [{ reason: body.error_counts[0].reason, count: 2 }],
    ]);
    const reply = await fetch(`${server.apiUrl}/batches/${id}/rejects`, { headers });
    expect([reply.status, reply.headers.get("content-type")]).to.deep.equal([200, "text/csv; charset=utf-8"]);
    expect(await reply.text()).to.equal(HEADER + bad + bad);
  });

  it("ends a batch that its client will not finish, and gives its space back", async () => {
    const id = await open();
    await put(id, 0, line(1));
    const ended = await call("POST", `/batches/${id}/fail`, JSON.stringify({ reason: "The wrong month." }), json);
    expect(ended.status).to.equal(200);
    expect(ended.body).to.include({ state: "failed", failure: "The wrong month." });
    expect((await put(id, 1, line(1))).body.type).to.equal("/docs/errors#batch-state");
    const left = () => database.pool.query("SELECT FROM prices WHERE batch_id = $1", [id]);
    await until("its rows are gone", async () => (await left()).rowCount === 0);
    expect((await call("POST", `/batches/${id}/fail`)).body.failure).to.equal("The wrong month.");
  });

  it("takes one body, and goes on with it after a broken connection", async () => {
    const body = HEADER + Array.from({ length: 1_000 }, () => line(3)).join("");
    const path = "/batches?feed=a&mode=append";
    const headers = { ...csv, "idempotency-key": "stream" };
    await cut(`POST ${path}`, body.slice(0, 5_000), body.length, "idempotency-key: stream\r\n");
    expect(await visible()).to.equal(undefined);
    const reply = await call("POST", path, body, headers);
    expect(reply.status).to.equal(202);
    expect((await call("POST", path, body, headers)).body.id).to.equal(reply.body.id);
    expect((await call("POST", `/batches/${reply.body.id}/publish`)).status).to.equal(200);
    expect(await visible()).to.equal("1000/3000");
  });

  it("refuses another body under the key of one that was loaded in part, then and later", async () => {
    const path = "/batches?feed=a";
    const body = (price: number) => HEADER + line(price).repeat(600_000);
    const cutOff = body(1).slice(0, 10_000_000);
    const loaded = async () => (await database.pool.query("SELECT FROM pieces WHERE state = 'loaded'")).rowCount !== 0;
    await cut(`POST ${path}`, cutOff, cutOff.length + 1, "idempotency-key: changed\r\n", loaded);
    for (const prices of [body(2), body(1)]) {
      const reply = await call("POST", path, prices, { ...csv, "idempotency-key": "changed" });
      expect([reply.status, reply.body.type]).to.deep.equal([409, "/docs/errors#batch-failed"]);
      expect(reply.body.detail).to.include("piece 0 is not what was read of it before");
    }
  });

  it("fails a single body with bad lines, or with broken compression, at once", async () => {
    const broken = await call("POST", "/batches?feed=a", zlib.gzipSync(HEADER + line(1)).subarray(0, 25), {
      ...csv,
      "idempotency-key": "cut",
    });
    expect([broken.status, broken.body.type]).to.deep.equal([422, "/docs/errors#unreadable-body"]);
    const reply = await call("POST", "/batches?feed=a", `${HEADER}AAAAA,AAAAB,2024-02-30,3\n`, {
      ...csv,
      "idempotency-key": "bad",
    });
    expect([reply.status, reply.body.type]).to.deep.equal([422, "/docs/errors#bad-lines"]);
    const { batches } = (await call("GET", "/batches")).body;
    expect(batches[0].state).to.equal("failed");
  });

  it("shows 200 characters of a bad line, and none that a terminal would obey", async () => {
    const id = await open();
    const bad = await put(id, 0, `\u001b[2J\u202e💶${"x".repeat(300)}\n`);
    expect(bad.body.lines[0].content).to.equal(`\\u{1b}[2J\\u{202e}💶${"x".repeat(194)}…`);
  });

  it("says so when the same prices come twice", async () => {
    const first = await open();
    await put(first, 0, line(1) + line(2));
    await publish(first);
    const second = await open();
    await put(second, 0, line(2));
    await put(second, 1, line(1));
    const reply = await call("POST", `/batches/${second}/publish`);
    expect(reply.body).to.include({ state: "duplicate", duplicate_of: first });
    expect(await visible()).to.equal("2/3");
  });

  it("retracts, publishes again, and refuses what is too old", async () => {
    const id = await open();
    await put(id, 0, line(4));
    await publish(id);
    expect((await call("POST", `/batches/${id}/retract`)).body.state).to.equal("retracted");
    expect(await visible()).to.equal(undefined);
    expect((await call("POST", `/batches/${id}/publish`)).body.state).to.equal("published");
    await age(database.pool, 31);
    const reply = await call("POST", `/batches/${id}/retract`);
    expect([reply.status, reply.body.type]).to.deep.equal([409, "/docs/errors#batch-too-old"]);
  });

  it("finishes what a process that died had been asked to publish, and nothing else", async () => {
    const [closed, begun, audited, left] = [await open(), await open(), await open(), await open()];
    for (const [at, id] of [closed, begun, audited, left].entries()) await put(id, 0, line(10 ** at));
    const stream = await call("POST", "/batches?feed=a", HEADER + line(9), { ...csv, "idempotency-key": "stream" });
    await server.stop();
    for (const id of [closed, begun, audited]) await completeUpload(database, id);
    await database.run(beginAudit, { batchId: begun, pricesPerPart: 1 });
    await auditBatch(database, audited);

    server = await start({ DATABASE_URL: database.url });
    const state = async (id: number) => (await call("GET", `/batches/${id}`)).body.state;
    await until("all three are seen", async () => (await visible()) === "3/111");
    expect(await Promise.all([closed, begun, audited].map(state))).to.deep.equal(Array(3).fill("published"));
    expect([await state(left), await state(stream.body.id)]).to.deep.equal(["loading", "loading"]);
  });

  it("lists by cursor", async () => {
    const ids = [await open(), await open(), await open()];
    const first = (await call("GET", "/batches?limit=2")).body;
    expect(first.batches.map((batch: { id: number }) => batch.id)).to.deep.equal([ids[2], ids[1]]);
    const second = (await call("GET", `/batches?limit=2&cursor=${first.next_cursor}`)).body;
    expect(second.batches.map((batch: { id: number }) => batch.id)).to.deep.equal([ids[0]]);
    expect(second.next_cursor).to.equal(null);
  });

  it("answers every other mistake with a problem document", async () => {
    const id = await open();
    const cases: [call: Promise<Reply>, status: number, problem: string][] = [
      [call("GET", "/batches", undefined, { authorization: "Bearer unknown" }), 401, "unauthorized"],
      [call("GET", "/batches/999"), 404, "unknown-batch"],
      [call("GET", "/batches/x"), 400, "invalid-parameter"],
      [call("GET", "/batches?limit=0"), 400, "invalid-parameter"],
      [call("POST", "/batches", "{", { ...json, "idempotency-key": "k" }), 400, "malformed-body"],
      [call("POST", "/batches", "{}", { ...json, "idempotency-key": "k" }), 400, "malformed-body"],
      [call("POST", "/batches", '{"feed":"a"}', json), 400, "missing-parameter"],
      [
        call("POST", "/batches", "x", { "content-type": "image/png", "idempotency-key": "k" }),
        415,
        "unsupported-media-type",
      ],
      [
        call("PUT", `/batches/${id}/pieces/0`, "x", { ...csv, "content-encoding": "br" }),
        415,
        "unsupported-media-type",
      ],
      [call("PUT", `/batches/${id}/pieces/0`, "\u001f\u008b", csv), 422, "bad-lines"],
      [
        call("PUT", `/batches/${id}/pieces/0`, zlib.gzipSync(HEADER + line(1)).subarray(0, 25), csv),
        422,
        "unreadable-body",
      ],
      [call("PUT", "/batches/999/pieces/0", HEADER, csv), 404, "unknown-batch"],
      [call("POST", `/batches/${id}/retract`), 409, "batch-state"],
      [call("POST", `/batches/${id}/publish`), 409, "batch-incomplete"],
      [call("DELETE", `/batches/${id}`), 405, "method-not-allowed"],
    ];
    for (const [pending, status, problem] of cases) {
      const reply = await pending;
      expect([reply.status, reply.body.type, reply.headers.get("content-type")]).to.deep.equal([
        status,
        `/docs/errors#${problem}`,
        "application/problem+json",
      ]);
    }
  });

  it("answers 413 to a body that says it is too large, and 429 with Retry-After to too many at once", async () => {
    const id = await open();
    const large = converse(
      `PUT /batches/${id}/pieces/0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n` +
        "content-type: text/csv\r\ncontent-length: 2000000000\r\n\r\n",
    );
    await until("it is refused", () => large.received().includes("content-too-large"));
    expect(large.received()).to.match(/^HTTP\/1.1 413 /);
    large.socket.destroy();
    const hanging = [1, 2, 3].map((number) => hang(`PUT /batches/${id}/pieces/${number}`, 1_000));
    await until("three are being read", async () => (await call("GET", `/batches/${id}`)).body.pieces.total === 3);
    const turned = await put(id, 4, line(1));
    expect([turned.status, turned.body.type]).to.deep.equal([429, "/docs/errors#too-many-uploads"]);
    expect(turned.headers.get("retry-after")).to.equal("1");
    for (const socket of hanging) socket.destroy();
    await until("there is room", async () => (await put(id, 4, line(1))).status !== 429);
  });

  it("answers before a body's end without losing the answer, and takes the next request", async () => {
    const id = await open();
    const zipped = zlib.gzipSync(HEADER + line(1));
    for (const [body, status, problem] of [
      [Buffer.from("not,a,header\n"), 422, "bad-lines"],
      [zipped.fill(0xff, 12), 422, "unreadable-body"],
    ] as const) {
      const { socket, received } = converse(
        `PUT /batches/${id}/pieces/0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n` +
          "content-type: text/csv\r\ntransfer-encoding: chunked\r\n\r\n",
      );
      await until("there is an answer", () => {
        socket.write(Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")]));
        return received() !== "";
      });
      expect(received())
        .to.match(new RegExp(`^HTTP/1.1 ${status} `))
        .and.include(`/docs/errors#${problem}`);
      socket.write(`0\r\n\r\nGET /batches/${id} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`);
      await until("the next is answered", () => received().includes("HTTP/1.1 200 "));
      socket.destroy();
    }
  });

  it("cuts a client that sends on and on after its answer", async () => {
    const id = await open();
    const { socket, closed } = converse(
      `PUT /batches/${id}/pieces/0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n` +
        "content-type: text/csv\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    const sending = setInterval(() => socket.write("2\r\nx\n\r\n"), 50);
    await closed;
    clearInterval(sending);
  });

  it("answers 503 where nothing can be written", async () => {
    const reader = await start({ DATABASE_READ_URL: database.url });
    try {
      const response = await fetch(`${reader.apiUrl}/batches`, { headers: { authorization: `Bearer ${TOKEN}` } });
      expect(response.status).to.equal(503);
      expect(((await response.json()) as { type: string }).type).to.equal("/docs/errors#read-only");
    } finally {
      await reader.stop();
    }
  });

  /** Begins a request with a body, and keeps the connection open. */
  function hang(request: string, length: number, headers = "", body = "") {
    const [method, path] = request.split(" ");
    const socket = connect(Number(new URL(server.apiUrl).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: text/csv\r\n` +
        `${headers}content-length: ${length}\r\n\r\n${body}`,
    );
    return socket;
  }

  /**
   * Sends part of a body, and breaks the connection once the server works on it. Waits until the server has given the
   * piece back.
   */
  async function cut(request: string, body: string, length: number, headers = "", reached = isWorkedOn): Promise<void> {
    const socket = hang(request, length, headers, body);
    await until("it is being worked on", reached);
    socket.destroy();
    await until("the server has let go", async () => !(await isWorkedOn()));
  }

  async function isWorkedOn(): Promise<boolean> {
    const held = "SELECT FROM batches WHERE worker IS NOT NULL UNION ALL SELECT FROM pieces WHERE state = 'loading'";
    return (await database.pool.query(held)).rowCount !== 0;
  }

  /** Opens a connection, sends a text, and collects what comes back. */
  function converse(text: string) {
    let reply = "";
    const socket = connect(Number(new URL(server.apiUrl).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(text);
    socket.on("data", (data) => {
      reply += data;
    });
    return { socket, received: () => reply, closed: new Promise((resolve) => socket.on("close", resolve)) };
  }
});
