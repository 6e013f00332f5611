import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { type Ended, type Running, startOther, startRatesapp } from "../app/commands/ratesapp.js";
import type { Price } from "../kit/batches.js";
import { createDatabase, type TestDatabase } from "../kit/database.js";
import { type Batch, Oracle, type Question, type Rate } from "../kit/oracle.js";
import { bringPlaces, SAMPLE_PLACES } from "../kit/places.js";
import { openReleaseBefore, type ReleaseBefore } from "../kit/release-before.js";
import { spreadOf } from "../kit/spread.js";
import { until } from "../kit/until.js";
import { AUTHORIZED, TAKES_UPLOADS } from "../kit/write-token.js";

const STEPS = 40;
const PORTS = Object.keys(SAMPLE_PLACES.ports);
const PLACES = ["CNSGH", "NLRTM", "USNYC", "china", "europe"];
/** Those of the places that are ports come first. */
const PORTS_ASKED = 3;
const DAYS = ["2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"];
const SPAN = { dateFrom: DAYS[0] as string, dateTo: DAYS[3] as string };

/** What a server answers that is too busy, on a machine that is too busy. Clients then send the same again. */
const COME_AGAIN: ReadonlySet<number> = new Set([408, 429, 503]);

type Release = "before" | "this";
interface Program {
  readonly url: string;
  run(args: readonly string[]): Promise<Ended>;
}
interface SpreadOfDay {
  readonly day: string;
  readonly median: number | null;
}
interface Delivered extends Batch {
  readonly id: number;
  published: boolean;
}

const release = fc.constantFrom<Release>("before", "this");
const prices: fc.Arbitrary<Price[]> = fc.array(
  fc.record({
    origin: fc.constantFrom(...PORTS),
    destination: fc.constantFrom(...PORTS),
    day: fc.constantFrom(...DAYS),
    price: fc.integer({ min: 1, max: 9_999 }),
  }),
  { minLength: 10, maxLength: 40 },
);
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("deliver" as const),
      by: release,
      way: fc.constantFrom("upload", "upload", "upload", "ingest"),
      feed: fc.constantFrom("adds", "adds", "mixes", "replaces"),
      mode: fc.constantFrom("append" as const, "replace" as const),
      prices,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("change" as const), by: release, pick: fc.nat() }) },
);

describe("the release before, beside this one on the schema of this one", function () {
  this.timeout(300_000);
  let database: TestDatabase;
  let before: ReleaseBefore;
  let folder: string;
  let oracle: Oracle;
  const running: Running[] = [];
  const programs = {} as Record<Release, Program>;
  const delivered: Delivered[] = [];
  /** How many medians were compared. */
  let told = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "ratesapp-test-"));
    before = await openReleaseBefore();
    database = await createDatabase();
    await bringPlaces(database);
    oracle = new Oracle(SAMPLE_PLACES, await version());
    programs.before = await serve((args, environment) => startOther(before.command, args, environment));
    programs.this = await serve(startRatesapp);
  });

  afterEach(async () => {
    for (const { child } of running) child.kill("SIGKILL");
    await Promise.all(running.map(({ ended }) => ended));
    await database?.drop();
    await before?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it("answers as this one does, whichever of the two loads, publishes, retracts and compacts", async () => {
    for (const [nth, next] of fc.sample(step, { numRuns: STEPS, seed: 14 }).entries()) {
      if (next.kind === "deliver") {
        const mode = { adds: "append", replaces: "replace", mixes: next.mode }[next.feed] as Batch["mode"];
        await deliver(next.by, next.way, { feed: next.feed, mode, prices: next.prices }, nth);
      } else if (delivered.length > 0) {
        await change(next.by, delivered[next.pick % delivered.length] as Delivered);
      }
      await expectAnswers(`behind step ${nth}: ${next.kind} by ${next.by}`);
    }
    expect(await count("mode = 'compaction'"), "folds").to.be.above(0);
    expect(await count("laid_aside"), "replaces without rates").to.be.above(0);
    expect(told, "medians").to.be.above(0);
    await database.pool.query("UPDATE batches SET published_at = published_at - interval '31 days'");
    // It finds folds that it cannot compact, and tells so.
    await programs.before.run(["batches", "compact"]);
    await expectAnswers("behind a compaction by before");
    expect(await programs.this.run(["batches", "compact"])).to.include({ code: 0 });
    await expectAnswers("behind a compaction by this");
    expect(await count("state = 'compacted'")).to.be.above(0);
  });

  async function serve(start: typeof startRatesapp): Promise<Program> {
    const environment = {
      ...TAKES_UPLOADS,
      DATABASE_URL: database.url,
      HOST: "127.0.0.1",
      PORT: "0",
      ADMIN_PORT: "0",
      RATE_LIMIT_PER_SECOND: "0",
      MAX_EVENT_LOOP_LAG_MS: "60000",
    };
    const server = start(["serve"], environment);
    running.push(server);
    const { listening } = JSON.parse(await server.line(/"msg":"serving"/)) as { listening: string[] };
    return { url: `http://${listening[0]}`, run: (args) => start(args, environment).ended };
  }

  async function deliver(by: Release, way: string, batch: Batch, nth: number): Promise<void> {
    const { feed, mode } = batch;
    const lines = batch.prices.map(({ origin, destination, day, price }) => `${origin},${destination},${day},${price}`);
    const content = `orig_code,dest_code,day,price\n${lines.join("\n")}\n`;
    let id: number;
    if (way === "ingest") {
      const source = join(folder, `${nth}.csv`);
      await writeFile(source, content);
      const ended = await programs[by].run(["ingest", "run", "--source", source, "--feed", feed, "--mode", mode]);
      expect(ended.code, ended.stderr).to.equal(0);
      id = Number(
        (await database.pool.query("SELECT max(id) AS id FROM batches WHERE mode <> 'compaction'")).rows[0].id,
      );
    } else {
      const response = await post(by, `/batches?feed=${feed}&mode=${mode}`, content);
      const told = await response.text();
      expect(response.ok, `upload to ${by}: ${told}`).to.equal(true);
      ({ id } = JSON.parse(told) as { id: number });
      expect((await post(by, `/batches/${id}/publish`)).ok, `publish of ${id} by ${by}`).to.equal(true);
    }
    await until(`batch ${id} is published`, async () => (await count(`id = ${id} AND state = 'published'`)) === 1);
    const known = { id, ...batch, published: true };
    delivered.push(known);
    oracle.change(known, true);
  }

  /** Retracts the batch or publishes it again. What the release before refuses, it leaves as it was. */
  async function change(by: Release, batch: Delivered): Promise<void> {
    const published = !batch.published;
    const path = `/batches/${batch.id}/${published ? "publish" : "retract"}`;
    const versionBefore = await version();
    let response = await post(by, path);
    if (!response.ok && by === "before") {
      expect(await version(), `version behind ${path}, which ${by} answers ${response.status}`).to.equal(versionBefore);
      await expectAnswers(`behind ${path}, which ${by} refuses`);
      response = await post("this", path);
    }
    expect(response.ok, `${path}: ${response.status}`).to.equal(true);
    batch.published = published;
    oracle.change(batch, published);
  }

  async function post(by: Release, path: string, body?: string): Promise<Response> {
    const headers = { ...AUTHORIZED, "Idempotency-Key": crypto.randomUUID() };
    const sent = body === undefined ? { headers } : { headers: { ...headers, "Content-Type": "text/csv" }, body };
    return until(
      `${by} has time for ${path}`,
      async () => {
        const response = await fetch(programs[by].url + path, { method: "POST", ...sent });
        return COME_AGAIN.has(response.status) ? undefined : response;
      },
      { timeoutMs: 60_000, everyMs: 500 },
    );
  }

  /** Compares what both answer about every lane with plain sums. */
  async function expectAnswers(when: string): Promise<void> {
    for (const [name, { url }] of Object.entries(programs)) {
      for (const origin of PLACES) {
        for (const destination of PLACES) {
          const question: Question = { origin, destination, ...SPAN };
          const rates = await until(`${name} answers in version ${oracle.version}, ${when}`, () => ask(url, question));
          expect(rates, `${name} on ${origin} to ${destination}, ${when}`).to.deep.equal(
            oracle.answer(question, oracle.version),
          );
        }
      }
    }
    await expectSpreads(when);
  }

  /** Of days with prices that the release before has loaded or folded, this one may tell nothing, but nothing wrong. */
  async function expectSpreads(when: string): Promise<void> {
    for (const origin of PLACES.slice(0, PORTS_ASKED)) {
      for (const destination of PLACES.slice(0, PORTS_ASKED)) {
        const path = `/rates/spread?origin=${origin}&destination=${destination}&date_from=${SPAN.dateFrom}&date_to=${SPAN.dateTo}`;
        const { rates } = (await (await fetch(programs.this.url + path)).json()) as { rates: SpreadOfDay[] };
        for (const { day, median } of rates) {
          if (median === null) continue;
          told += 1;
          const prices = seenPrices(day).filter(
            (price) => price.origin === origin && price.destination === destination,
          );
          const wanted = spreadOf(prices.map(({ price }) => price)).median;
          expect(median, `median of ${day}, ${origin} to ${destination}, ${when}`).to.equal(wanted);
        }
      }
    }
  }

  function seenPrices(day: string): Price[] {
    const holders = delivered.filter(({ published, prices }) => published && prices.some((price) => price.day === day));
    return holders.flatMap(({ feed, prices }, index) => {
      const isHidden = holders.slice(index + 1).some((later) => later.feed === feed && later.mode === "replace");
      return isHidden ? [] : prices.filter((price) => price.day === day);
    });
  }

  /** @returns undefined while the answer is of an earlier version. */
  async function ask(url: string, { origin, destination, dateFrom, dateTo }: Question): Promise<Rate[] | undefined> {
    const query = `origin=${origin}&destination=${destination}&date_from=${dateFrom}&date_to=${dateTo}`;
    const response = await fetch(`${url}/rates?${query}`);
    const { rates } = (await response.json()) as { rates: Rate[] };
    return Number(response.headers.get("dataset-version")) === oracle.version ? rates : undefined;
  }

  const count = async (condition: string) =>
    Number((await database.pool.query(`SELECT count(*) AS n FROM batches WHERE ${condition}`)).rows[0].n);
  const version = async () => Number((await database.pool.query("SELECT version AS n FROM dataset")).rows[0].n);
});
