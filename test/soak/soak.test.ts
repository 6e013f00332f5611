import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type Running, startRatesapp } from "../app/commands/ratesapp.js";
import { createDatabase, type TestDatabase } from "../kit/database.js";
import { type Batch, Oracle, type Question, type Rate } from "../kit/oracle.js";
import { bringPlaces, SAMPLE_PLACES } from "../kit/places.js";
import { until } from "../kit/until.js";
import { AUTHORIZED, TAKES_UPLOADS } from "../kit/write-token.js";

/** Half an hour shows what grows slowly. */
const MINUTES = Number(process.env.SOAK_MINUTES ?? 5);
const READERS = 4;
/** How likely a delivery of the feed replaces the earlier ones on its days. */
const FEEDS: Readonly<Record<string, number>> = { north: 0, south: 0, east: 1, west: 0.1 };
/** In a feed of both modes, batches on two sides of a `replace` stay apart, so their rows grow with its deliveries. */
const MIXED_FEED = "west";
const PORTS = Object.keys(SAMPLE_PLACES.ports);
const FIRST_DAY = Date.parse("2024-01-20");
const DAYS = 45;
const PRICES = 60;
const DAY_MS = 86_400_000;

interface Delivered extends Batch {
  readonly id: number;
  published: boolean;
}

/** What the server's process takes at a moment. */
interface Use {
  readonly bytes: number;
  readonly files: number;
}

describe("a service that gets a publish a second", function () {
  this.timeout((MINUTES + 2) * 60_000);
  let database: TestDatabase;
  let server: Running;
  let url: string;
  let oracle: Oracle;
  const delivered: Delivered[] = [];

  before(async () => {
    database = await createDatabase();
    await bringPlaces(database);
    oracle = new Oracle(SAMPLE_PLACES, await number("SELECT version AS n FROM dataset"));
    server = startRatesapp(["serve"], {
      ...TAKES_UPLOADS,
      DATABASE_URL: database.url,
      HOST: "127.0.0.1",
      PORT: "0",
      ADMIN_PORT: "0",
      RATE_LIMIT_PER_SECOND: "0",
      MAX_EVENT_LOOP_LAG_MS: "60000",
    });
    const { listening } = JSON.parse(await server.line(/"msg":"serving"/)) as { listening: string[] };
    url = `http://${listening[0]}`;
  });

  after(async () => {
    server?.child.kill("SIGKILL");
    await server?.ended;
    await database?.drop();
  });

  it(`answers as a plain sum does for ${MINUTES} minutes of publishes, retracts and folds, and takes no more and more`, async () => {
    const endMs = performance.now() + MINUTES * 60_000;
    const uses: Use[] = [];
    let [answers, mostRows] = [0, 0];
    const readers = Array.from({ length: READERS }, async () => {
      const known = new Map<string, { tag: string; rates: Rate[] }>();
      while (performance.now() < endMs) {
        await ask(known);
        answers += 1;
        await sleep(5);
      }
    });
    const writer = (async () => {
      while (performance.now() < endMs) {
        const due = sleep(1_000);
        await deliver();
        await changeSome();
        uses.push(await useOf(server.child.pid as number));
        mostRows = Math.max(mostRows, await readMostRows());
        await due;
      }
    })();
    await Promise.all([writer, ...readers]);
    const change = (of: (use: Use) => number) => [mean(uses, 1 / 3, 2 / 3, of), mean(uses, 2 / 3, 1, of)];
    const [bytes, files] = [change(({ bytes }) => bytes), change((use) => use.files)] as [number[], number[]];
    console.log(
      `      ${delivered.length} batches, ${answers} answers, at most ${mostRows} rows a lane and month; memory ${bytes.map(inMegabytes).join(" then ")}, files ${files.map(Math.round).join(" then ")}`,
    );
    expect(delivered.length, "batches").to.be.above(10 * MINUTES);
    expect(mostRows).to.be.at.most(boundOfRows(delivered.length));
    expect(bytes[1]).to.be.below(1.2 * (bytes[0] as number));
    expect(files[1]).to.be.below((files[0] as number) + 5);
  });

  const number = async (query: string) => Number((await database.pool.query(query)).rows[0].n);

  async function deliver(): Promise<void> {
    const prices = Array.from({ length: PRICES }, () => ({
      origin: pick(PORTS),
      destination: pick(PORTS),
      day: dayAt(below(DAYS)),
      price: 1 + below(9_999),
    }));
    const feed = pick(Object.keys(FEEDS));
    const mode = Math.random() < (FEEDS[feed] as number) ? "replace" : "append";
    const lines = prices.map(({ origin, destination, day, price }) => `${origin},${destination},${day},${price}\n`);
    const { id } = await send(`/batches?feed=${feed}&mode=${mode}`, `orig_code,dest_code,day,price\n${lines.join("")}`);
    const batch: Delivered = { id, feed, mode, prices, published: false };
    await changeTo(batch, true);
    delivered.push(batch);
  }

  /** Retracts a batch of any age, or publishes one again. */
  async function changeSome(): Promise<void> {
    const batch = pick(delivered);
    await changeTo(batch, !batch.published);
  }

  async function changeTo(batch: Delivered, published: boolean): Promise<void> {
    const { id } = batch;
    let { state } = await send(`/batches/${id}/${published ? "publish" : "retract"}`);
    // A publish that takes longer goes on behind its answer.
    if (published && state !== "published") {
      const ended = async () => {
        const found = await (await fetch(`${url}/batches/${id}`, { headers: AUTHORIZED })).json();
        return (found as { state: string }).state === "published" && "published";
      };
      state = await until(`batch ${id} is published`, ended, { timeoutMs: 60_000 });
    }
    expect(state, `batch ${id}`).to.equal(published ? "published" : "retracted");
    batch.published = published;
    oracle.change(batch, published);
  }

  async function send(path: string, body?: string): Promise<{ id: number; state: string }> {
    const headers = { ...AUTHORIZED, "Idempotency-Key": crypto.randomUUID() };
    const sent = body === undefined ? { headers } : { headers: { ...headers, "Content-Type": "text/csv" }, body };
    const response = await fetch(url + path, { method: "POST", ...sent });
    const answer = (await response.json()) as { id: number; state: string };
    expect(response.status, JSON.stringify(answer)).to.be.oneOf([200, 202]);
    return answer;
  }

  /** @param known answers of before, by their question. */
  async function ask(known: Map<string, { tag: string; rates: Rate[] }>): Promise<void> {
    const first = below(DAYS);
    const question: Question = {
      origin: pick(oracle.places),
      destination: pick(oracle.places),
      dateFrom: dayAt(first),
      dateTo: dayAt(Math.min(DAYS, first + below(40))),
    };
    const { origin, destination, dateFrom, dateTo } = question;
    const path = `/rates?origin=${origin}&destination=${destination}&date_from=${dateFrom}&date_to=${dateTo}`;
    const before = known.get(path);
    const response = await fetch(url + path, before ? { headers: { "If-None-Match": before.tag } } : {});
    const version = Number(response.headers.get("dataset-version"));
    let rates = before?.rates;
    if (response.status === 304) await response.arrayBuffer();
    else {
      const body = await response.text();
      expect(response.status, body).to.equal(200);
      rates = (JSON.parse(body) as { rates: Rate[] }).rates;
      known.set(path, { tag: response.headers.get("etag") ?? "", rates });
    }
    // The writer may still wait for the answer to its change.
    await until(`version ${version} is known`, async () => oracle.version >= version);
    expect(rates, `${path} in version ${version}`).to.deep.equal(oracle.answer(question, version));
  }

  /** The most that a question of a month reads, of feeds that do not mix both modes. */
  const readMostRows = () =>
    number(`SELECT coalesce(max(count), 0) AS n FROM (
      SELECT count(*) FROM daily_rates r JOIN batches b ON b.id = r.batch_id WHERE b.feed <> '${MIXED_FEED}'
      GROUP BY origin_id, destination_id, date_trunc('month', first_day)) lane`);
});

/**
 * Of each feed three batches or folds of a level, and three corrections of each fold; and as many again of what is
 * published while a fold is made. A feed that replaces has fewer: those of which a day is seen.
 */
function boundOfRows(batches: number): number {
  const feeds = Object.keys(FEEDS).length - 1;
  const levels = Math.ceil(Math.log(batches / feeds) / Math.log(4)) + 1;
  return 2 * feeds * (3 + 6 * levels);
}

async function useOf(pid: number): Promise<Use> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const files = (await readdir(`/proc/${pid}/fd`)).length;
  return { bytes: 1_024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]), files };
}

function mean(uses: readonly Use[], from: number, to: number, of: (use: Use) => number): number {
  const some = uses.slice(Math.floor(from * uses.length), Math.floor(to * uses.length));
  return some.reduce((sum, use) => sum + of(use), 0) / some.length;
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}

function below(limit: number): number {
  return Math.floor(Math.random() * limit);
}

function pick<T>(some: readonly T[]): T {
  return some[below(some.length)] as T;
}

function dayAt(index: number): string {
  return new Date(FIRST_DAY + index * DAY_MS).toISOString().slice(0, 10);
}
