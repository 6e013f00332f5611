import { Agent, request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { RunningServer } from "../../../app/api/server.js";
import { startApi } from "../../kit/api.js";
import { type UsedDatabase, useDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";
import { TcpProxy } from "../../kit/tcp-proxy.js";
import { until } from "../../kit/until.js";

const PATH = "/rates?date_from=2024-01-01&date_to=2024-01-31&orig_code=CNSGH&dest_code=NLRTM";

describe("a server that stops", function () {
  this.timeout(60_000);
  const test = useDatabase();

  before(async () => {
    await bringPlaces(test.database);
  });

  // Not without a wait: a connection that is made in the instant the listener closes is reset, with any server.
  for (const preStopSeconds of [1, 2]) {
    it(`loses no request of clients that keep their connections (${preStopSeconds} s before it stops accepting)`, async () => {
      // Two servers behind one name, as in a roll-out: the first stops under load. New connections go to the second
      // once the first is not ready, or refuses; open ones are used until they are closed.
      const environment = { DATABASE_URL: test.url, CACHE_BYTES: "0", PRE_STOP_SECONDS: String(preStopSeconds) };
      const first = await startApi(environment);
      const second = await startApi(environment);
      try {
        const counts = { first: 0, second: 0 };
        let done = false;
        let ready = true;
        const probe = async () => {
          for (; ready && !done; await sleep(50)) ready = (await fetch(`${first.adminUrl}/readyz`)).status === 200;
        };
        const client = async (turn: number) => {
          const agent = new Agent({ keepAlive: true, maxSockets: 1 });
          let refused = false;
          while (!done) {
            // Some ask without a pause, some leave their connection idle between questions.
            if (turn % 2 === 0) await sleep(Math.random() * 30);
            const connected = Object.keys(agent.freeSockets).some((name) => name.includes(new URL(first.apiUrl).port));
            const which = connected || (ready && !refused) ? "first" : "second";
            try {
              expect(await ask(which === "first" ? first.apiUrl : second.apiUrl, agent)).to.equal(200);
              counts[which] += 1;
            } catch (error) {
              // What was not accepted was not sent, so a balancer asks elsewhere. Anything else is a lost request.
              expect((error as NodeJS.ErrnoException).code).to.equal("ECONNREFUSED");
              refused = true;
            }
          }
          agent.destroy();
        };
        const clients = Array.from({ length: 12 }, (_, turn) => client(turn));
        const probing = probe();
        await until("the first server has answered a while", () => counts.first > 20);
        const before = counts.first;
        await first.stop();
        await until("the second server has taken over", () => counts.second > 20);
        done = true;
        await Promise.all(clients);
        await probing;
        expect(counts.first).to.be.greaterThan(before);
      } finally {
        await first.stop();
        await second.stop();
      }
    });
  }

  it("finishes what is under way, is not ready meanwhile, and closes connections that are idle", async () => {
    const server = await startApi({ DATABASE_URL: test.url });
    const client = await test.pool.connect();
    const idle = connect(Number(new URL(server.apiUrl).port), "127.0.0.1");
    const idleClosed = new Promise((resolve) => idle.on("close", resolve));
    try {
      await client.query("BEGIN; LOCK TABLE places");
      const asked = fetch(server.apiUrl + PATH);
      await until("the question waits for the lock", async () => (await waiting(test)) > 0);
      const stopped = server.stop();
      await until("the server is not ready", async () => {
        const ready = await fetch(`${server.adminUrl}/readyz`);
        return ((await ready.json()) as { reasons?: { draining?: string } }).reasons?.draining !== undefined;
      });
      await sleep(300);
      await client.query("ROLLBACK");
      const answer = await asked;
      expect(answer.status).to.equal(200);
      await stopped;
      await idleClosed;
      await server.stop();
    } finally {
      client.release();
      idle.destroy();
    }
  });

  it("cuts what is not done when its time is over", async () => {
    const server = await startApi({
      DATABASE_URL: test.url,
      DRAIN_SECONDS: "1",
      STATEMENT_TIMEOUT_MS: "20000",
      REQUEST_TIMEOUT_MS: "20000",
    });
    const client = await test.pool.connect();
    try {
      await client.query("BEGIN; LOCK TABLE places");
      const asked = fetch(server.apiUrl + PATH).catch((error: Error) => error);
      await until("the question waits for the lock", async () => (await waiting(test)) > 0);
      const beganAtMs = Date.now();
      const stopped = server.stop();
      expect(await asked).to.be.instanceOf(Error);
      expect(Date.now() - beganAtMs).to.be.within(900, 2_500);
      await client.query("ROLLBACK");
      await stopped;
    } finally {
      client.release();
    }
  });

  it("does not wait for a database that says no goodbye", async () => {
    const proxy = await TcpProxy.start(test.url);
    const server: RunningServer = await startApi({ DATABASE_URL: proxy.url(test.url), DRAIN_SECONDS: "1" });
    await Promise.all(Array.from({ length: 5 }, () => fetch(server.apiUrl + PATH)));
    proxy.stall();
    const beganAtMs = Date.now();
    await server.stop();
    expect(Date.now() - beganAtMs).to.be.lessThan(4_000);
    expect(proxy.connections).to.equal(0);
    await proxy.stop();
  });
});

function ask(serverUrl: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    request(serverUrl + PATH, { agent }, (response) => {
      response.on("error", reject);
      response.on("end", () => resolve(response.statusCode ?? 0));
      response.resume();
    })
      .on("error", reject)
      .end();
  });
}

async function waiting({ pool }: UsedDatabase): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name = 'ratesapp read'`,
  );
  return rows[0]?.count ?? 0;
}
