import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { RunningServer } from "../../app/api/server.js";
import { startApi } from "../kit/api.js";
import { useDatabase } from "../kit/database.js";
import { bringPlaces } from "../kit/places.js";
import { TcpProxy } from "../kit/tcp-proxy.js";
import { until } from "../kit/until.js";

const HOUR_MS = 3_600_000;
const PATH = "/rates?date_from=2024-02-29&date_to=2024-02-29&orig_code=CNSGH&dest_code=NLRTM";
const wallClock = Date.now;

describe("a clock that is set", function () {
  this.timeout(60_000);
  const test = useDatabase();
  let proxy: TcpProxy;
  let server: RunningServer;

  before(async () => {
    await bringPlaces(test.database);
  });

  beforeEach(async () => {
    proxy = await TcpProxy.start(test.url);
    server = await startApi({
      DATABASE_URL: proxy.url(test.url),
      REQUEST_TIMEOUT_MS: "2000",
      STATEMENT_TIMEOUT_MS: "2000",
    });
  });

  afterEach(async () => {
    Date.now = wallClock;
    await proxy.stop();
    await server.stop();
  });

  /** All that runs in this process takes it for the time. */
  const setClock = (byMs: number) => {
    Date.now = () => wallClock() + byMs;
  };
  const ask = () => fetch(server.apiUrl + PATH);
  const isReady = async () => (await fetch(`${server.adminUrl}/readyz`)).status === 200;

  for (const [direction, byMs] of [
    ["back", -HOUR_MS],
    ["forward", HOUR_MS],
  ] as const) {
    it(`${direction} by an hour changes nothing while the database answers`, async () => {
      expect((await ask()).status).to.equal(200);
      setClock(byMs);
      for (let turn = 0; turn < 10; turn += 1, await sleep(20)) {
        expect((await ask()).status).to.equal(200);
        expect(await isReady()).to.equal(true);
      }
    });

    it(`${direction} by an hour keeps no answer from memory for longer than two seconds while the database is away`, async () => {
      await ask();
      expect((await ask()).headers.get("server-timing")).to.match(/^cache/);
      await proxy.refuse();
      setClock(byMs);
      await sleep(2_100);
      expect((await ask()).status).to.equal(503);
      expect(await isReady()).to.equal(false);
      await proxy.pass();
      await until("the server is ready again", isReady);
      expect((await ask()).status).to.equal(200);
    });

    it(`${direction} by an hour does not move the deadline of a request that waits for the database`, async () => {
      const { status } = await ask();
      expect(status).to.equal(200);
      proxy.stall();
      const beganAtMs = performance.now();
      const asked = fetch(`${server.apiUrl}/regions`);
      await sleep(100);
      setClock(byMs);
      expect((await asked).status).to.equal(503);
      expect(performance.now() - beganAtMs).to.be.within(1_500, 4_000);
    });

    for (const stopping of [false, true]) {
      const when = stopping ? "while the server stops" : "while it serves";
      it(`${direction} by an hour does not cut a request that the database is slow to answer, ${when}`, async () => {
        const client = await test.pool.connect();
        try {
          await client.query("BEGIN; LOCK TABLE places");
          const asked = fetch(`${server.apiUrl}/regions`);
          await until("it waits for the lock", async () => {
            const { rowCount } = await test.pool.query(
              "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            );
            return rowCount === 1;
          });
          if (stopping) void server.stop();
          setClock(byMs);
          await sleep(1_200);
          await client.query("ROLLBACK");
          expect((await asked).status).to.equal(200);
        } finally {
          client.release();
        }
      });
    }
  }
});
