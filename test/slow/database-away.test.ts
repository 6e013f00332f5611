import { expect } from "chai";
import type { RunningServer } from "../../app/api/server.js";
import { startApi } from "../kit/api.js";
import { deliver } from "../kit/batches.js";
import { useDatabase } from "../kit/database.js";
import { bringPlaces } from "../kit/places.js";
import { TcpProxy } from "../kit/tcp-proxy.js";
import { until } from "../kit/until.js";
import { AUTHORIZED, TAKES_UPLOADS } from "../kit/write-token.js";

const DAY = "2024-02-29";
const PATH = `/rates?date_from=${DAY}&date_to=${DAY}&orig_code=CNSGH&dest_code=NLRTM`;
const RATES = `{"rates":[{"count":3,"day":"${DAY}","price":2}]}`;

describe("a database that goes away", function () {
  this.timeout(60_000);
  const test = useDatabase();
  let proxy: TcpProxy;
  let second: TcpProxy;
  let server: RunningServer | undefined;

  before(async () => {
    await bringPlaces(test.database);
    const price = { origin: "CNSGH", destination: "NLRTM", day: DAY };
    await deliver(test.database, { prices: [1, 2, 3].map((dollars) => ({ ...price, price: dollars })) });
  });

  beforeEach(async () => {
    proxy = await TcpProxy.start(test.url);
    second = await TcpProxy.start(test.url);
  });

  afterEach(async () => {
    // First, so that closing the pools has no stalled connection to wait for.
    await proxy.stop();
    await second.stop();
    await server?.stop();
    server = undefined;
  });

  /** Without a cache: each answer comes from the database, or not at all. */
  const start = async (environment: Record<string, string> = {}) => {
    server = await startApi({
      DATABASE_URL: proxy.url(test.url),
      CACHE_BYTES: "0",
      DATABASE_POOL_SIZE: "4",
      REQUEST_TIMEOUT_MS: "3000",
      ...environment,
    });
    return server;
  };
  const get = async ({ apiUrl }: RunningServer) => {
    const beganAtMs = Date.now();
    const answer = await fetch(apiUrl + PATH);
    return {
      status: answer.status,
      headers: answer.headers,
      body: await answer.text(),
      tookMs: Date.now() - beganAtMs,
    };
  };
  const isReady = async ({ adminUrl }: RunningServer) => (await fetch(`${adminUrl}/readyz`)).status === 200;
  /** Opens every connection of the pool. */
  const warm = (running: RunningServer) => Promise.all(Array.from({ length: 8 }, () => get(running)));

  it("costs no request when it only cuts connections", async () => {
    const running = await start();
    await warm(running);
    for (let round = 0; round < 5; round += 1) {
      const asked = Array.from({ length: 8 }, () => get(running));
      proxy.cut();
      for (const { status, body } of await Promise.all(asked)) {
        expect(status).to.equal(200);
        expect(body).to.equal(RATES);
      }
    }
  });

  it("costs no request when a connection swallows what it is sent, and half a second", async () => {
    const running = await start();
    await warm(running);
    // Everything that is open is dead from now on; what is opened next is well.
    proxy.stall();
    await proxy.pass();
    const first = await get(running);
    expect(first.status).to.equal(200);
    expect(first.tookMs).to.be.within(450, 1_500);
    const others = await Promise.all(Array.from({ length: 8 }, () => get(running)));
    for (const { status, tookMs } of others) {
      expect(status).to.equal(200);
      expect(tookMs).to.be.lessThan(450);
    }
  });

  it("is told as 503 with Retry-After within the deadline while it refuses, and is back by itself", async () => {
    const running = await start();
    expect((await get(running)).body).to.equal(RATES);
    await proxy.refuse();
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(running)));
    for (const { status, headers, body, tookMs } of answers) {
      expect(status).to.equal(503);
      expect(headers.get("retry-after")).to.equal("1");
      expect(JSON.parse(body)).to.deep.include({ type: "/docs/errors#database-away", title: "Database away" });
      expect(tookMs).to.be.lessThan(4_000);
    }
    await until("the server is not ready", async () => !(await isReady(running)));
    expect((await fetch(`${running.adminUrl}/livez`)).status).to.equal(200);
    await proxy.pass();
    await until("the server is ready again", () => isReady(running));
    expect((await get(running)).body).to.equal(RATES);
  });

  it("is told as 503 within the deadline while it answers nothing at all, and is back by itself", async () => {
    const running = await start();
    await warm(running);
    proxy.stall();
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(running)));
    for (const { status, tookMs } of answers) {
      expect(status).to.equal(503);
      expect(tookMs).to.be.lessThan(4_500);
    }
    await until("the server is not ready", async () => !(await isReady(running)));
    await proxy.pass();
    await until("the server is ready again", () => isReady(running));
    expect((await get(running)).body).to.equal(RATES);
  });

  it("answers from memory for at most two seconds, and then not at all", async () => {
    const running = await start({ CACHE_BYTES: "1000000" });
    await get(running);
    expect((await get(running)).headers.get("server-timing")).to.match(/^cache/);
    await proxy.refuse();
    expect((await get(running)).status).to.equal(200);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect((await get(running)).status).to.equal(503);
  });

  it("may be away when the server starts", async () => {
    await proxy.refuse();
    const running = await start();
    expect(await isReady(running)).to.equal(false);
    expect((await get(running)).status).to.equal(503);
    await proxy.pass();
    await until("the server is ready", () => isReady(running));
    expect((await get(running)).body).to.equal(RATES);
  });

  it("makes an upload wait, and not send its body again, if it is back within the deadline", async () => {
    const { apiUrl } = await start({ ...TAKES_UPLOADS, REQUEST_TIMEOUT_MS: "4000" });
    const send = async (method: string, path: string, headers: object, body: string) => {
      const answer = await fetch(apiUrl + path, { method, headers: { ...AUTHORIZED, ...headers }, body });
      return { status: answer.status, body: (await answer.json()) as { readonly id: number } };
    };
    const opening = { "Content-Type": "application/json", "Idempotency-Key": "waits" };
    const { id } = (await send("POST", "/batches", opening, JSON.stringify({ feed: "waits" }))).body;
    const sendPiece = (piece: number) =>
      send(
        "PUT",
        `/batches/${id}/pieces/${piece}`,
        { "Content-Type": "text/csv" },
        `orig_code,dest_code,day,price\nCNSGH,NLRTM,${DAY},${piece}\n`,
      );

    await proxy.refuse();
    const waits = sendPiece(1);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await proxy.pass();
    expect((await waits).status).to.equal(201);

    await proxy.refuse();
    const beganAtMs = Date.now();
    expect((await sendPiece(2)).status).to.equal(503);
    expect(Date.now() - beganAtMs).to.be.within(2_000, 6_000);
  });

  for (const how of ["refuse", "stall"] as const) {
    it(`costs no request while replicas ${how} and a primary answers, and reads return to the replicas`, async () => {
      const running = await start({
        DATABASE_READ_URL: proxy.url(test.url),
        DATABASE_URL: second.url(test.url),
        REQUEST_TIMEOUT_MS: "5000",
      });
      await warm(running);
      await proxy[how]();
      const answers = await Promise.all(Array.from({ length: 20 }, () => get(running)));
      for (const { status } of answers) expect(status).to.equal(200);
      expect(await away(running)).to.equal(1);
      // From then on no request waits for the replicas.
      for (let round = 0; round < 5; round += 1) expect((await get(running)).tookMs).to.be.lessThan(500);
      expect(await isReady(running)).to.equal(true);
      await proxy.pass();
      await until("reads are back", async () => (await away(running)) === 0);
      await second.refuse();
      expect((await get(running)).body).to.equal(RATES);
    });
  }

  it("is left for the primary when replicas stall, also without a request", async () => {
    const running = await start({ DATABASE_READ_URL: proxy.url(test.url), DATABASE_URL: second.url(test.url) });
    proxy.stall();
    await until("the polls leave the replicas", async () => (await away(running)) === 1);
    await until("the server is ready on the primary", () => isReady(running));
    expect((await get(running)).tookMs).to.be.lessThan(500);
  });

  it("is found at once by new connections after a restart ended all of them", async () => {
    const running = await start();
    await warm(running);
    const asked = Array.from({ length: 8 }, () => get(running));
    // What a server that shuts down at once says to its clients: 57P01.
    await test.pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ratesapp read' AND datname = current_database()",
    );
    for (const { status } of await Promise.all([...asked, ...Array.from({ length: 8 }, () => get(running))])) {
      expect(status).to.equal(200);
    }
  });
});

async function away({ adminUrl }: RunningServer): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(/ratesapp_database_source_away\{source="replica"\} (\d)/.exec(metrics)?.[1] ?? 0);
}
