import { expect } from "chai";
import fc from "fast-check";
import type pg from "pg";
import { BatchTooOldError } from "../../../app/batches/batch-error.js";
import { publishBatch } from "../../../app/batches/publish.js";
import { retractBatch } from "../../../app/batches/retract.js";
import { Database } from "../../../app/database/database.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { newestChange } from "../../../app/rates/dataset-version.sql.js";
import { compact } from "../../../app/upkeep/compact.js";
import { foldAll } from "../../../app/upkeep/fold.js";
import { layAsideHidden } from "../../../app/upkeep/hidden.js";
import { dropOldMonths } from "../../../app/upkeep/retention.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { runs } from "../../kit/runs.js";
import { age, deliver, load, type Price, seen, seenSpreads } from "./deliveries.js";
import { killAt } from "./kill-at.js";
import { type ModelBatch, rollUp, spreads, visiblePrices } from "./model.js";
import { move, plant, type Tree, type TreeShape } from "./tree.js";

const DAYS = ["2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"];
const MONTHS = ["2024-02", "2024-03"];

const shape: fc.Arbitrary<TreeShape> = fc.array(fc.nat({ max: 5 }), { maxLength: 6 }).chain((regions) =>
  fc.record({
    regionParents: fc.constant(regions.map((parent, index) => Math.min(parent, index) - 1)),
    portParents: fc.array(fc.integer({ min: -1, max: regions.length - 1 }), { minLength: 1, maxLength: 4 }),
  }),
);

interface RawPrice {
  readonly origin: number;
  readonly destination: number;
  readonly day: number;
  readonly price: number;
}
const rawPrices = fc.array(
  fc.record({
    origin: fc.nat({ max: 9 }),
    destination: fc.nat({ max: 9 }),
    day: fc.nat({ max: DAYS.length - 1 }),
    price: fc.oneof(fc.integer({ min: 1, max: 9_999 }), fc.constant(2_147_483_647)),
  }),
  { minLength: 1, maxLength: 8 },
);

type Step =
  | { kind: "deliver"; feed: string; mode: "append" | "replace"; prices: RawPrice[]; pieces: number }
  | { kind: "retract" | "publish"; pick: number }
  | { kind: "fold"; fanIn: number }
  | { kind: "move"; ports: number[] }
  | { kind: "age" | "compact" | "drop" };
/** The number of statements after which the change is killed and then done again; undefined if it is not killed. */
type Taken = Step & { killedAfter?: number | undefined };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("deliver" as const),
      feed: fc.constantFrom("a", "b"),
      mode: fc.constantFrom("append" as const, "replace" as const),
      prices: rawPrices,
      pieces: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("retract" as const, "publish" as const), pick: fc.nat({ max: 20 }) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("fold" as const), fanIn: fc.integer({ min: 2, max: 3 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("move" as const),
      ports: fc.array(fc.nat({ max: 9 }), { minLength: 4, maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("age" as const, "compact" as const, "compact" as const) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("drop" as const) }) },
);

const taken: fc.Arbitrary<Taken> = fc
  .tuple(step, fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }))
  .map(([next, killedAfter]) => ({ ...next, killedAfter }));

describe("what consumers see of batches", function () {
  this.timeout(120_000);

  it("agrees with a simple model whatever is delivered, retracted, published again and compacted", async () => {
    await fc.assert(
      fc.asyncProperty(shape, fc.array(taken, { minLength: 1, maxLength: 25 }), async (treeShape, steps) => {
        const database = await createDatabase();
        try {
          const model: Model = { tree: await plant(database.pool, treeShape), batches: [] };
          let before = await look(database.pool);
          for (const next of steps) {
            const touched = touchedBy(next, model);
            if (next.killedAfter !== undefined) await beginAndKill(next, next.killedAfter, model, database.url);
            await take(next, model, database);
            const after = await look(database.pool);
            const prices = visiblePrices(model.batches);
            expect(after.seen).to.deep.equal(sorted(rollUp(model.tree, prices)));
            expect(await seenSpreads(database.pool, after.seen)).to.deep.equal(sorted(spreads(prices)));
            for (const month of MONTHS) {
              const what = `${month} through ${next.kind}`;
              if (after.newest[month] === before.newest[month]) {
                expect(of(month, after.seen), what).to.deep.equal(of(month, before.seen));
              } else expect(touched, what).to.include(month);
            }
            before = after;
          }
        } finally {
          await database.drop();
        }
      }),
      { numRuns: runs(30), endOnFailure: false },
    );
  });

  it("is that of the last replace to be published, also when several are published at the same time", async () => {
    const database = await createDatabase();
    const { pool } = database;
    const tree = await plant(pool, { regionParents: [], portParents: [-1, -1] });
    const prices = (price: number) => [
      { origin: tree.ports[0] as number, destination: tree.ports[1] as number, day: "2024-01-01", price },
    ];
    const version = async () => Number((await pool.query("SELECT version FROM dataset")).rows[0].version);
    const before = await version();
    const ids: number[] = [];
    for (let price = 1; price <= 8; price += 1) {
      const id = await load(pool, { mode: price % 2 === 0 ? "replace" : "append", prices: prices(price) });
      await auditBatch(database, id);
      ids.push(id);
    }
    await Promise.all(ids.map((id) => publishBatch(database, id)));
    const { rows } = await pool.query<{ id: number; mode: "append" | "replace" }>(
      "SELECT id, mode FROM batches ORDER BY sequence",
    );
    const model = rows.map(({ id, mode }) => ({
      id,
      feed: "a",
      mode,
      prices: prices(ids.indexOf(id) + 1),
      published: true,
      settled: false,
    }));
    expect(await seen(pool)).to.deep.equal(sorted(rollUp(tree, visiblePrices(model))));
    expect(await version()).to.equal(before + 8);
    await database.drop();
  });
});

/** What consumers see, and the newest change of each month. */
async function look(pool: pg.Pool): Promise<{ seen: Map<string, string>; newest: Record<string, string> }> {
  const newestOf = MONTHS.map(
    (month) => `${newestChange(`DATE '${month}-01'`, `DATE '${month}-01'`)}::text AS "${month}"`,
  );
  const { rows } = await pool.query(`SELECT ${newestOf} FROM dataset`);
  return { seen: await seen(pool), newest: rows[0] };
}

function of(month: string, all: Map<string, string>): string[][] {
  return [...all].filter(([lane]) => lane.includes(` ${month}-`));
}

/** Months whose answers may have changed for consumers. */
function touchedBy(next: Step, { batches }: Model): readonly string[] {
  const monthsOf = (days: readonly string[]) => MONTHS.filter((month) => days.some((day) => day.startsWith(month)));
  switch (next.kind) {
    case "deliver":
      return monthsOf(next.prices.map(({ day }) => DAYS[day] as string));
    case "retract":
    case "publish":
      return monthsOf((batches[next.pick % Math.max(1, batches.length)]?.prices ?? []).map(({ day }) => day));
    case "move":
      return MONTHS;
    case "drop":
      return ["2024-02"];
    default:
      return [];
  }
}

interface Model {
  tree: Tree;
  batches: ModelBatch[];
}

/** Begins the change and kills the process. Only doing the change again shows whether it had happened. */
async function beginAndKill(next: Step, statements: number, model: Model, url: string): Promise<void> {
  const { pool, killed } = killAt(url, statements);
  await change(next, model, new Database(pool, { patienceMs: 0, signal: killed })).catch(() => {});
  await pool.end();
}

/** Makes a change that can safely be made a second time. */
async function change(next: Step, { tree, batches }: Model, database: Database): Promise<unknown> {
  switch (next.kind) {
    case "retract":
    case "publish": {
      const batch = batches[next.pick % Math.max(1, batches.length)];
      if (batch === undefined) return;
      return next.kind === "publish" ? publishBatch(database, batch.id) : retractBatch(database, batch.id);
    }
    case "fold":
      await foldAll(database, { fanIn: next.fanIn });
      return layAsideHidden(database);
    case "move":
      return move(database, tree, next.ports);
    case "drop":
      return dropOldMonths(database, { retentionDays: FEBRUARY_ENDED_DAYS_AGO });
    case "compact":
      return compact(database, { batchesPerMonth: 2 });
  }
}

async function take(next: Step, model: Model, database: TestDatabase): Promise<void> {
  const { tree, batches } = model;
  const { pool } = database;
  switch (next.kind) {
    case "deliver": {
      const prices: Price[] = next.prices.map((raw) => ({
        origin: tree.ports[raw.origin % tree.ports.length] as number,
        destination: tree.ports[raw.destination % tree.ports.length] as number,
        day: DAYS[raw.day] as string,
        price: raw.price,
      }));
      const { feed, mode, pieces } = next;
      const id = await deliver(pool, { feed, mode, prices, pieces });
      batches.push({ id, feed, mode, prices, published: true, settled: false });
      return;
    }
    case "retract":
    case "publish": {
      const batch = batches[next.pick % Math.max(1, batches.length)];
      if (batch === undefined) return;
      const wanted = next.kind === "publish";
      const error = await change(next, model, database).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (batch.settled && batch.published !== wanted) expect(error).to.be.instanceOf(BatchTooOldError);
      else if (!batch.settled) {
        expect(error).to.equal(undefined);
        batch.published = wanted;
      }
      return;
    }
    case "age":
      await age(pool, 40);
      for (const batch of batches) batch.settled = true;
      return;
    case "move":
      model.tree = await move(database, tree, next.ports);
      return;
    case "drop":
      await change(next, model, database);
      model.batches = batches.map((batch) => ({
        ...batch,
        prices: batch.prices.filter(({ day }) => !day.startsWith("2024-02")),
      }));
      return;
    default:
      await change(next, model, database);
  }
}

const FEBRUARY_ENDED_DAYS_AGO = Math.floor((Date.now() - Date.parse("2024-03-01")) / 86_400_000);

function sorted(map: Map<string, string>): Map<string, string> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}
