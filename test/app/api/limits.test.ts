import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { RunningServer } from "../../../app/api/server.js";
import { startApi } from "../../kit/api.js";
import { useDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";
import { until } from "../../kit/until.js";

const path = (day: number) =>
  `/rates?date_from=2024-01-01&date_to=2024-01-${String(day).padStart(2, "0")}&orig_code=CNSGH&dest_code=NLRTM`;

describe("limits", () => {
  const test = useDatabase();
  let server: RunningServer | undefined;

  before(async () => {
    await bringPlaces(test.database);
  });

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  const start = async (environment: Record<string, string>) => {
    server = await startApi({ DATABASE_URL: test.url, ...environment });
    return server;
  };

  it("hold each client to its rate, and tell it how much is left", async () => {
    const { apiUrl } = await start({
      RATE_LIMIT_PER_SECOND: "2",
      RATE_LIMIT_BURST: "10",
      TRUSTED_PROXIES: "127.0.0.0/8",
    });
    const ask = (client: string) => fetch(apiUrl + path(1), { headers: { "X-Forwarded-For": client } });
    const beganAtMs = performance.now();
    let refused: Response | undefined;
    for (let sent = 1; refused === undefined; sent += 1) {
      const answer = await ask("198.51.100.1");
      // Two more for each second that this took.
      const most = 10 - sent + Math.floor((performance.now() - beganAtMs) / 500);
      expect(answer.headers.get("ratelimit-policy")).to.equal('"default";q=10;w=5');
      const remaining = /^"default";r=(\d+);t=1$/.exec(answer.headers.get("ratelimit") ?? "")?.[1];
      expect(Number(remaining)).to.be.within(Math.max(0, 10 - sent), Math.max(0, most));
      if (answer.status === 429) refused = answer;
      else expect(answer.status).to.equal(200);
      if (sent <= 10) expect(answer.status).to.equal(200);
    }
    expect(refused.headers.get("retry-after")).to.equal("1");
    expect(refused.headers.get("content-type")).to.equal("application/problem+json");
    expect(await refused.json()).to.deep.equal({
      type: "/docs/errors#too-many-requests",
      title: "Too many requests",
      status: 429,
      detail: "This client may send 10 requests at once, and 2 per second.",
    });
    expect((await ask("198.51.100.2")).status, "another client").to.equal(200);
    const inventing = await ask("1.1.1.1, 198.51.100.1");
    expect(Number(/r=(\d+)/.exec(inventing.headers.get("ratelimit") ?? "")?.[1]), "the same client").to.be.below(5);
    await sleep(1_100);
    expect((await ask("198.51.100.1")).status, "later").to.equal(200);
  });

  it("are off when told so", async () => {
    const { apiUrl } = await start({ RATE_LIMIT_PER_SECOND: "0", RATE_LIMIT_BURST: "1" });
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = await fetch(apiUrl + path(1));
      expect(answer.status).to.equal(200);
      expect(answer.headers.get("ratelimit")).to.equal(null);
    }
  });

  it("turn requests away while the event loop runs late, and not afterwards", async () => {
    const { apiUrl, adminUrl } = await start({ MAX_EVENT_LOOP_LAG_MS: "30" });
    expect((await fetch(apiUrl + path(1))).status).to.equal(200);
    let blocking = true;
    const block = async () => {
      while (blocking) {
        const untilMs = performance.now() + 80;
        while (performance.now() < untilMs);
        await sleep(1);
      }
    };
    const blocked = block();
    let shed: Response | undefined;
    await until("a request is shed", async () => {
      shed = await fetch(apiUrl + path(1));
      return shed.status !== 200;
    });
    blocking = false;
    await blocked;
    expect(shed?.status).to.equal(503);
    expect(shed?.headers.get("retry-after")).to.equal("1");
    expect(await shed?.json()).to.include({ type: "/docs/errors#overloaded", title: "Overloaded" });
    await until("requests are answered again", async () => (await fetch(apiUrl + path(1))).status === 200);
    const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
    expect(metrics).to.match(/ratesapp_http_requests_shed_total\{reason="event_loop"\} [1-9]/);
  });

  it("turn questions away while too many wait for the database, but not answers from memory", async () => {
    const { apiUrl, adminUrl } = await start({
      DATABASE_POOL_SIZE: "2",
      MAX_WAITING_QUERIES: "3",
      STATEMENT_TIMEOUT_MS: "10000",
      REQUEST_TIMEOUT_MS: "10000",
    });
    expect((await fetch(apiUrl + path(31))).status).to.equal(200);
    await until("it is in memory", async () => {
      return (await fetch(apiUrl + path(31))).headers.get("server-timing")?.startsWith("cache") === true;
    });
    const client = await test.pool.connect();
    try {
      await client.query("BEGIN; LOCK TABLE places");
      const asked = Array.from({ length: 20 }, (_, index) => fetch(apiUrl + path(index + 1)));
      const first = await Promise.race(asked);
      expect(first.status).to.equal(503);
      expect(await first.json()).to.include({
        type: "/docs/errors#overloaded",
        detail: "Too many questions wait for the database.",
      });
      expect((await fetch(apiUrl + path(31))).status).to.equal(200);
      await client.query("ROLLBACK");
      const statuses = (await Promise.all(asked)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 200).length).to.be.within(5, 8);
      expect(statuses.filter((status) => status === 503).length).to.be.within(12, 15);
    } finally {
      client.release();
    }
    const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
    expect(metrics).to.match(/ratesapp_http_requests_shed_total\{reason="database_queue"\} [1-9]/);
  });

  it("leave a service ready, and its memory in use, whose every connection is taken by slow questions", async () => {
    const { apiUrl, adminUrl } = await start({
      DATABASE_POOL_SIZE: "2",
      STATEMENT_TIMEOUT_MS: "20000",
      REQUEST_TIMEOUT_MS: "20000",
    });
    const fromMemory = async () =>
      (await fetch(apiUrl + path(31))).headers.get("server-timing")?.startsWith("cache") === true;
    await fetch(apiUrl + path(31));
    await until("it is in memory", fromMemory);
    const client = await test.pool.connect();
    try {
      await client.query("BEGIN; LOCK TABLE places");
      const asked = Array.from({ length: 6 }, (_, index) => fetch(apiUrl + path(index + 1)));
      // Longer than what is known of the dataset is trusted.
      for (const untilMs = Date.now() + 4_000; Date.now() < untilMs; await sleep(50)) {
        const ready = await fetch(`${adminUrl}/readyz`);
        expect(ready.status, await ready.text()).to.equal(200);
        expect(await fromMemory()).to.equal(true);
      }
      await client.query("ROLLBACK");
      const answers = await Promise.all(asked);
      expect(answers.map(({ status }) => status)).to.include(200);
      // Those that got no connection in a second and a half.
      const refused = answers.filter(({ status }) => status !== 200);
      expect(refused.length).to.be.greaterThan(0);
      for (const answer of refused) {
        expect(answer.status).to.equal(503);
        expect(answer.headers.get("retry-after")).to.equal("1");
        expect(await answer.json()).to.deep.equal({
          type: "/docs/errors#overloaded",
          title: "Overloaded",
          status: 503,
          detail: "Every connection to the database is in use.",
        });
      }
    } finally {
      client.release();
    }
  });

  it("share one query among equal questions", async () => {
    const { apiUrl, adminUrl } = await start({});
    const client = await test.pool.connect();
    const questions = async (outcome: string) => {
      const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
      return Number(new RegExp(`ratesapp_cache_questions_total\\{outcome="${outcome}"\\} (\\d+)`).exec(metrics)?.[1]);
    };
    const before = { shared: await questions("shared"), miss: await questions("miss") };
    try {
      await client.query("BEGIN; LOCK TABLE places");
      const asked = Array.from({ length: 10 }, () => fetch(apiUrl + path(30)));
      await until("they wait together", async () => (await questions("shared")) === before.shared + 9);
      expect(await questions("miss")).to.equal(before.miss + 1);
      await client.query("ROLLBACK");
      const bodies = await Promise.all((await Promise.all(asked)).map((answer) => answer.text()));
      expect(new Set(bodies).size).to.equal(1);
    } finally {
      client.release();
    }
  });

  it("let a client leave without taking the answer from others, and count it as 499", async () => {
    const { apiUrl, adminUrl } = await start({});
    const client = await test.pool.connect();
    try {
      await client.query("BEGIN; LOCK TABLE places");
      const leaving = new AbortController();
      const left = fetch(apiUrl + path(29), { signal: leaving.signal }).catch((error: Error) => error.name);
      const stayed = fetch(apiUrl + path(29));
      const metrics = async () => (await fetch(`${adminUrl}/metrics`)).text();
      await until("both are there", async () => /requests_in_flight 2/.test(await metrics()));
      leaving.abort();
      expect(await left).to.equal("AbortError");
      await until("it is counted", async () => /route="\/rates",status="499"\} 1/.test(await metrics()));
      await client.query("ROLLBACK");
      expect((await stayed).status).to.equal(200);
    } finally {
      client.release();
    }
  });
});
