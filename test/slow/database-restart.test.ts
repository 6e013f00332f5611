import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import pg from "pg";
import { Database } from "../../app/database/database.js";
import { findBinaries } from "../../app/database/embedded/binaries.js";
import { LocalPostgres } from "../../app/database/embedded/local-postgres.js";
import { readPostmaster } from "../../app/database/embedded/postmaster.js";
import { run } from "../../app/database/embedded/run.js";
import { findServerUser } from "../../app/database/embedded/server-user.js";
import { migrate } from "../../app/database/migrate.js";
import { type Running, startRatesapp } from "../app/commands/ratesapp.js";
import { deliver } from "../kit/batches.js";
import { bringPlaces } from "../kit/places.js";
import { until } from "../kit/until.js";

const DAY = "2024-02-29";
const PRICES = [1, 2, 3].map((price) => ({ origin: "CNSGH", destination: "NLRTM", day: DAY, price }));

const CLIENTS = 4;

const dayFromDay = (days: number) => new Date(Date.parse(DAY) + days * 86_400_000).toISOString().slice(0, 10);

/** What a client was told, in the order it came. */
interface Told {
  readonly status: number;
  readonly type: string | undefined;
  readonly retryAfter: string | null;
  readonly contentType: string | null;
  readonly cached: boolean;
}

describe("a Postgres that is stopped and started", function () {
  this.timeout(120_000);
  let directory: string;
  let postgres: LocalPostgres;
  let url: string;
  let service: Running & { readonly api: string; readonly admin: string };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "ratesapp-restart-"));
    // A standby that takes no questions answers everyone as a server does that is still starting.
    postgres = new LocalPostgres(join(directory, "postgres"), {
      fsync: "off",
      wal_level: "replica",
      hot_standby: "off",
    });
    await postgres.create();
    await postgres.start();
    url = await postgres.url((await readPostmaster(postgres.directory))?.port as number);
    await migrate(url);
    const pool = new pg.Pool({ connectionString: url });
    await bringPlaces(new Database(pool));
    await deliver(new Database(pool), { prices: PRICES });
    await pool.end();
    const running = startRatesapp(["serve"], {
      DATABASE_URL: url,
      HOST: "127.0.0.1",
      PORT: "0",
      ADMIN_PORT: "0",
      RATE_LIMIT_PER_SECOND: "0",
      MAX_EVENT_LOOP_LAG_MS: "60000",
      REQUEST_TIMEOUT_MS: "2000",
    });
    service = { ...running, ...(JSON.parse(await running.line(/"msg":"serving"/)) as { api: string; admin: string }) };
  });

  after(async () => {
    service?.child.kill("SIGKILL");
    await service?.ended;
    await pgCtl("stop", "-m", "immediate");
    await rm(directory, { recursive: true, force: true });
  });

  const pgCtl = async (action: string, ...options: string[]) => {
    const user = await findServerUser(postgres.directory);
    const { pgCtl: command } = await findBinaries(user);
    const { code, output } = await run(command, [action, "-D", ".", ...options], { cwd: postgres.directory, user });
    expect(code, output).to.equal(0);
  };

  const isReady = async () => (await fetch(`${service.admin}/readyz`)).status === 200;

  /** Asks without a pause until it is told to stop: the first client what is in memory, the others what never is. */
  const askSteadily = () => {
    const told: Told[] = [];
    let done = false;
    const client = async (turn: number) => {
      for (let count = 0; !done; count += 1) {
        const number = turn === 0 ? 0 : count * CLIENTS + turn;
        const [from, to] = [dayFromDay(-(number % 100)), dayFromDay(Math.floor(number / 100))];
        const answer = await fetch(
          `${service.api}/rates?date_from=${from}&date_to=${to}&origin=CNSGH&destination=NLRTM`,
        );
        const body = (await answer.json()) as { type?: string; rates?: { day: string }[] };
        if (answer.status === 200) {
          const rate = body.rates?.find(({ day }) => day === DAY);
          expect(rate).to.deep.equal({ count: 3, day: DAY, price: 2 });
        }
        told.push({
          status: answer.status,
          type: body.type,
          retryAfter: answer.headers.get("retry-after"),
          contentType: answer.headers.get("content-type"),
          cached: answer.headers.get("server-timing")?.startsWith("cache") === true,
        });
        await sleep(5);
      }
    };
    const clients = Array.from({ length: CLIENTS }, (_, turn) => client(turn));
    return {
      told,
      async stop() {
        done = true;
        await Promise.all(clients);
      },
    };
  };

  /** All that clients may be told while the database is away: that it is, or what was in memory a moment ago. */
  const expectPolite = (told: readonly Told[]) => {
    for (const { status, type, retryAfter, contentType } of told) {
      if (status === 200) continue;
      expect({ status, type, retryAfter, contentType }).to.deep.equal({
        status: 503,
        type: "/docs/errors#database-away",
        retryAfter: "1",
        contentType: "application/problem+json",
      });
    }
  };

  for (const mode of ["fast", "immediate"]) {
    it(`costs nothing but 503 with Retry-After meanwhile (stop -m ${mode}), and the service is back by itself`, async () => {
      await until("the service is ready", isReady);
      const clients = askSteadily();
      await until("answers come", () => clients.told.length > 20);
      expect(clients.told.every(({ status }) => status === 200)).to.equal(true);

      const beforeStop = clients.told.length;
      await pgCtl("stop", "-m", mode);
      const stoppedAtMs = Date.now();
      await until("the service is not ready", async () => !(await isReady()));
      // Nothing is answered from memory that the database has not vouched for in the last two seconds.
      await sleep(Math.max(0, stoppedAtMs + 2_100 - Date.now()));
      const whileAway = clients.told.length;
      await until("clients are told", () => clients.told.length > whileAway + 10);
      expect(clients.told.slice(whileAway + 4).map(({ status }) => status)).not.to.include(200);
      expect((await fetch(`${service.admin}/livez`)).status).to.equal(200);

      await postgres.start();
      const startedAtMs = Date.now();
      await until("the service is ready again", isReady);
      await until("answers come from the database", () => {
        const last = clients.told.slice(-8);
        return last.every(({ status }) => status === 200) && last.some(({ cached }) => !cached);
      });
      expect(Date.now() - startedAtMs).to.be.lessThan(8_000);
      await clients.stop();
      expectPolite(clients.told.slice(beforeStop));
      expect(service.child.exitCode).to.equal(null);
    });
  }

  it("is away, and not in error, while it starts (57P03)", async () => {
    await until("the service is ready", isReady);
    await pgCtl("stop", "-m", "immediate");
    await writeFile(join(postgres.directory, "standby.signal"), "");
    await postgres.start();
    const refused = await new pg.Client({ connectionString: url }).connect().catch((error: unknown) => error);
    expect(refused).to.have.property("code", "57P03");
    await until("the service is not ready", async () => !(await isReady()));
    const clients = askSteadily();
    await until("clients are told", () => clients.told.length > 10);
    await pgCtl("promote");
    await until("the service is ready again", isReady);
    await until("answers come", () => clients.told.at(-1)?.status === 200);
    await clients.stop();
    expect(clients.told[0]?.status).to.equal(503);
    expectPolite(clients.told);
    expect(service.child.exitCode).to.equal(null);
  });
});
