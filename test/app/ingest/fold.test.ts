import { expect } from "chai";
import { publishBatch } from "../../../app/batches/publish.js";
import { retractBatch } from "../../../app/batches/retract.js";
import { Database } from "../../../app/database/database.js";
import type { Session } from "../../../app/database/queries.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { ingestSource } from "../../../app/ingest/ingest-source.js";
import { RatesFinder } from "../../../app/rates/find-rates.js";
import { registry } from "../../../app/telemetry/registry.js";
import { compact } from "../../../app/upkeep/compact.js";
import { foldAll, foldAround } from "../../../app/upkeep/fold.js";
import { watchFolds } from "../../../app/upkeep/fold-metrics.js";
import { bringBackHidden, layAsideHidden } from "../../../app/upkeep/hidden.js";
import { reclaimBatch } from "../../../app/upkeep/reclaim.js";
import { dropOldMonths } from "../../../app/upkeep/retention.js";
import type { TestDatabase } from "../../kit/database.js";
import { until } from "../../kit/until.js";
import { age, deliver, differences, load, type Price, seen } from "./deliveries.js";
import { DAYS, FoldDeliveries } from "./fold-deliveries.js";
import { bringPlaces, createFolder, HEADER, someLines } from "./setup.js";

describe("folds", function () {
  this.timeout(120_000);
  let deliveries: FoldDeliveries;
  let database: TestDatabase;

  beforeEach(async () => {
    deliveries = await FoldDeliveries.create();
    ({ database } = deliveries);
  });

  afterEach(() => database.drop());

  const version = () => deliveries.number("SELECT version AS n FROM dataset");

  it("keeps the rows of a question few however many batches can be retracted, and changes no answer", async () => {
    const before = await version();
    await deliveries.deliverMany(28, 3);
    // At most two batches of each level: of 1, 3, 9 and 27 deliveries.
    expect(await deliveries.mostRows()).to.be.at.most(8);
    expect(await deliveries.number("SELECT max(fold_level) AS n FROM batches")).to.equal(3);
    expect(await version()).to.equal(before + 28);
    expect(await differences(database.pool)).to.deep.equal([]);
  });

  it("folds four at a time unless told otherwise, and neither large batches, nor of many months, nor those around a replace", async () => {
    await deliveries.deliverMany(3);
    expect(await foldAll(database)).to.equal(0);
    await deliver(database.pool, { mode: "replace", prices: deliveries.prices(1) });
    await deliveries.deliverMany(3);
    const large = Array.from({ length: 20_001 }, () => deliveries.prices(0, [DAYS[0] as string])[0] as Price);
    await deliver(database.pool, { prices: large });
    const months = Array.from({ length: 13 }, (_, month) =>
      new Date(Date.UTC(2024, month, 15)).toISOString().slice(0, 10),
    );
    await deliver(database.pool, { prices: months.flatMap((day) => deliveries.prices(0, [day])) });
    expect(await foldAll(database)).to.equal(0);
    await deliveries.deliverMany(1);
    // In each of two months.
    expect(await foldAll(database)).to.equal(2);
    expect(await differences(database.pool)).to.deep.equal([]);
  });

  it("lets each batch be retracted and published again, however deep it was folded", async () => {
    const ids = await deliveries.deliverMany(9, 3);
    const whole = await seen(database.pool);
    for (const id of ids) {
      const { changed } = await retractBatch(database, id);
      expect(changed).to.equal(true);
      expect(await differences(database.pool), `without ${id}`).to.deep.equal([]);
      expect(await seen(database.pool)).not.to.deep.equal(whole);
      await publishBatch(database, id);
      expect(await seen(database.pool)).to.deep.equal(whole);
    }
    // The batches have rows of their own now, and are folded once more. Rows and corrections that cancel out are
    // deleted.
    await foldAll(database, { fanIn: 3 });
    expect(await seen(database.pool)).to.deep.equal(whole);
    for (const id of ids) await retractBatch(database, id);
    expect((await seen(database.pool)).size).to.equal(0);
  });

  it("adds up what retracts leave in a fold, however often a batch is retracted and published again", async () => {
    const ids = await deliveries.deliverMany(9, 3);
    const whole = await seen(database.pool);
    for (let turn = 0; turn < 24; turn += 1) {
      const id = ids[turn % ids.length] as number;
      await retractBatch(database, id);
      await publishBatch(database, id);
      await foldAll(database, { fanIn: 3 });
      // At most two batches of each of three levels, and two corrections of each fold.
      expect(await deliveries.mostRows()).to.be.at.most(2 + 2 * 2 * 3);
    }
    expect(await seen(database.pool)).to.deep.equal(whole);
    expect(await deliveries.number("SELECT max(corrections) AS n FROM batches")).to.be.below(3);
  });

  it("keeps batches apart of which a day adds up to more than is exact, and the retract of one leaves the other to the dollar", async () => {
    const large = 2n ** 53n - 10n;
    const [kept, retracted] = await deliveries.deliverMany(2);
    for (const table of ["batch_days SET price_sum = price_sum + $1", "daily_rates SET sums[1] = sums[1] + $1"]) {
      await database.pool.query(`UPDATE ${table} WHERE batch_id = ANY ($2)`, [String(large - 200n), [kept, retracted]]);
    }
    expect(await foldAll(database, { fanIn: 2 })).to.equal(0);
    await retractBatch(database, retracted as number);
    const { sums, counts } = await new RatesFinder().find(database.pool, {
      origin: "AAAAA",
      destination: "AAAAA",
      dateFrom: DAYS[0] as string,
      dateTo: DAYS[0] as string,
    });
    expect({ counts, sums }).to.deep.equal({ counts: [1], sums: [Number(large - 100n)] });
    await publishBatch(database, retracted as number);
    expect(
      await deliveries.number("SELECT count(*) AS n FROM batch_days WHERE visible AND price_sum > 9007199254740000"),
    ).to.equal(6);
  });

  it("tells of each change of a batch in a fold to those who keep answers of its months, also after a replace was over it", async () => {
    const [first] = await deliveries.deliverMany(2, 2);
    const replace = await deliver(database.pool, { mode: "replace", prices: deliveries.prices(1) });
    await retractBatch(database, replace);
    const versionOf = () =>
      deliveries.number("SELECT min(version) AS n FROM month_versions WHERE month < '2024-03-01'");
    const before = await versionOf();
    await retractBatch(database, first as number);
    expect(await versionOf()).to.be.above(before);
  });

  it("lets a replace hide folds and their batches, and a retract of it give them back", async () => {
    await deliveries.deliverMany(6);
    await foldAll(database, { fanIn: 2 });
    const before = await seen(database.pool);
    const replace = await deliver(database.pool, { mode: "replace", prices: deliveries.prices(1) });
    expect(await differences(database.pool)).to.deep.equal([]);
    await deliveries.deliverMany(4);
    await foldAll(database, { fanIn: 2 });
    expect(await differences(database.pool)).to.deep.equal([]);
    await retractBatch(database, replace);
    expect(await differences(database.pool)).to.deep.equal([]);
    await publishBatch(database, replace);
    expect(await differences(database.pool)).to.deep.equal([]);
    expect(await seen(database.pool)).not.to.deep.equal(before);
  });

  it("keeps no rows of replaces that later ones hide, and a retract of these shows them again", async () => {
    const ids: number[] = [];
    for (let nth = 0; nth < 8; nth += 1) {
      // Other days each time, so that the last batch hides days of several batches.
      const days = DAYS.filter((_, index) => nth % 4 === 3 || index !== nth % 4);
      ids.push(await deliver(database.pool, { mode: "replace", prices: deliveries.prices(nth, days) }));
      await layAsideHidden(database, ids.at(-1));
      expect(await differences(database.pool), `behind ${nth}`).to.deep.equal([]);
    }
    expect(await deliveries.number("SELECT count(DISTINCT batch_id) AS n FROM daily_rates")).to.equal(1);
    const change: Record<string, (id: number) => Promise<unknown>> = {
      "retract of": (id) => retractBatch(database, id),
      "publish of hidden": (id) => publishBatch(database, id),
    };
    for (const id of ids.toReversed()) {
      for (const [name, make] of Object.entries(change)) {
        await make(id);
        expect(await differences(database.pool), `${name} ${id}`).to.deep.equal([]);
      }
      await retractBatch(database, id);
      expect(await differences(database.pool), `without ${id}`).to.deep.equal([]);
    }
    expect((await seen(database.pool)).size).to.equal(0);
  });

  it("does not count a hidden replace twice whose rates come back while another process would lay it aside", async () => {
    const hidden = await deliver(database.pool, { mode: "replace", prices: deliveries.prices(0) });
    const hides = await deliver(database.pool, { mode: "replace", prices: deliveries.prices(1) });
    const publish = await database.pool.connect();
    const between = async (work: () => Promise<unknown>) => {
      let transactions = 0;
      const slow = new (class extends Database {
        override async transaction<T>(then: (session: Session) => Promise<T>): Promise<T> {
          transactions += 1;
          // The first finds the batches, the second lays one aside.
          if (transactions === 2) await work();
          return super.transaction(then);
        }
      })(database.pool);
      await layAsideHidden(slow, hides);
    };
    let back: Promise<void> | undefined;
    await between(async () => {
      await layAsideHidden(database, hides);
      await publish.query("BEGIN; SELECT FROM dataset FOR UPDATE");
      back = bringBackHidden(database, hidden);
      await until("the rates are written again and wait for the publish", () => {
        const waiting = "wait_event_type = 'Lock' AND datname = current_database()";
        return deliveries.number(`SELECT count(*) AS n FROM pg_stat_activity WHERE ${waiting}`).then((n) => n > 0);
      });
      setTimeout(() => void publish.query("COMMIT"), 200);
    });
    await back;
    publish.release();
    await retractBatch(database, hides);
    expect(await differences(database.pool)).to.deep.equal([]);
  });

  it("lays hidden replaces aside and compacts them in the same night, and a retract of what hides them shows them", async () => {
    const old = await deliver(database.pool, { mode: "replace", prices: deliveries.prices(1) });
    await deliver(database.pool, { prices: deliveries.prices(2) });
    await deliver(database.pool, { prices: deliveries.prices(0) });
    const before = await seen(database.pool);
    await age(database.pool, 31);
    const newest = await deliver(database.pool, { mode: "replace", prices: deliveries.prices(2) });
    await layAsideHidden(database);
    expect(await deliveries.number(`SELECT count(*) AS n FROM daily_rates WHERE batch_id = ${old}`)).to.equal(0);
    await compact(database, { batchesPerMonth: 2 });
    expect(
      await deliveries.number(`SELECT count(*) AS n FROM batches WHERE id = ${old} AND state = 'compacted'`),
    ).to.equal(1);
    await retractBatch(database, newest);
    expect(await seen(database.pool)).to.deep.equal(before);
  });

  it("is done behind the publishes of an ingest run", async () => {
    const folder = await createFolder();
    try {
      await bringPlaces(database.pool);
      for (let file = 0; file < 4; file += 1) {
        await folder.write(`${file}.csv`, `${HEADER}\n${someLines(50, file + 1).join("\n")}\n`);
      }
      await ingestSource({ database, source: folder.path });
      // One fold of January and one of February.
      expect(await deliveries.number("SELECT count(*) AS n FROM batches WHERE fold_level = 1")).to.equal(2);
      expect(await deliveries.number("SELECT count(DISTINCT batch_id) AS n FROM daily_rates")).to.equal(2);
      expect(await differences(database.pool)).to.deep.equal([]);
    } finally {
      await folder.remove();
    }
  });

  it("is told by metrics: what waits, how long one takes, and what a question reads", async () => {
    await deliveries.deliverMany(4);
    const metric = (name: string) => registry.getSingleMetricAsString(name);
    const answerRows = async () => /_sum (\d+)/.exec(await metric("ratesapp_rates_rows_per_answer"))?.[1];
    const question = { origin: "AAAAA", destination: "AAAAB", dateFrom: DAYS[0] as string, dateTo: DAYS[2] as string };
    watchFolds(database);
    try {
      // In each of two months.
      expect(await metric("ratesapp_fold_waiting_batches")).to.match(/^ratesapp_fold_waiting_batches 8$/m);
      const [before] = [Number(await answerRows()), await new RatesFinder().find(database.pool, question)];
      const unfolded = Number(await answerRows());
      await foldAll(database);
      await new RatesFinder().find(database.pool, question);
      expect(unfolded - before).to.be.greaterThan(Number(await answerRows()) - unfolded);
      watchFolds(database);
      expect(await metric("ratesapp_fold_waiting_batches")).to.match(/^ratesapp_fold_waiting_batches 0$/m);
      expect(await metric("ratesapp_fold_duration_seconds")).to.match(/_count\{outcome="folded"\} [1-9]/);
    } finally {
      watchFolds(undefined);
    }
    expect(await metric("ratesapp_fold_waiting_batches")).not.to.match(/^ratesapp_fold_waiting_batches/m);
  });

  it("still knows a delivery that is sent again after it was folded", async () => {
    for (const nth of [1, 2, 3]) await deliver(database.pool, { prices: deliveries.prices(nth), known: true });
    await foldAll(database, { fanIn: 3 });
    const again = await load(database.pool, { prices: deliveries.prices(2) });
    expect((await auditBatch(database, again)).state).to.equal("duplicate");
  });

  it("is the first step of compaction, which then writes no price again", async () => {
    const ids = await deliveries.deliverMany(9, 3);
    await retractBatch(database, ids[4] as number);
    const before = await seen(database.pool);
    await age(database.pool, 31);
    await compact(database);
    expect(await seen(database.pool)).to.deep.equal(before);
    const { rows } = await database.pool.query(
      "SELECT mode, state, count(*)::integer FROM batches GROUP BY 1, 2 ORDER BY 3",
    );
    expect(rows).to.deep.equal([
      { mode: "append", state: "retracted", count: 1 },
      { mode: "compaction", state: "published", count: 2 },
      { mode: "append", state: "compacted", count: 8 },
    ]);
    expect(await deliveries.number("SELECT count(*) AS n FROM prices")).to.equal(8 * 3);
    expect(await deliveries.number("SELECT count(*) AS n FROM batch_days WHERE fold_id IS NOT NULL")).to.equal(0);
    expect(await deliveries.number("SELECT count(*) AS n FROM batches WHERE folded")).to.equal(0);
  });

  it("leaves nothing of folds whose month is dropped", async () => {
    await deliveries.deliverMany(9, 3);
    const before = await seen(database.pool);
    const februaryEnded = Math.floor((Date.now() - Date.parse("2024-02-01")) / 86_400_000);
    await dropOldMonths(database, { retentionDays: februaryEnded });
    expect([...(await seen(database.pool))]).to.deep.equal([...before].filter(([lane]) => lane.includes("2024-02")));
    const months = `SELECT count(*) AS n FROM batches b WHERE mode = 'compaction'
      AND NOT EXISTS (SELECT FROM batch_days WHERE batch_id = b.id)`;
    expect(await deliveries.number(months)).to.equal(0);
    expect(await deliveries.number("SELECT count(*) AS n FROM batches WHERE mode = 'compaction'")).to.be.above(0);
  });

  it("keeps a release that knows nothing of folds from retracting or compacting what they hold", async () => {
    const [first] = await deliveries.deliverMany(2);
    await foldAll(database, { fanIn: 2 });
    const refusal = (change: string) =>
      database.pool.query(change).then(
        () => "nothing",
        (error: { constraint?: string }) => error.constraint,
      );
    expect(await refusal(`UPDATE batches SET state = 'retracted' WHERE id = ${first}`)).to.equal("batches_folded");
    expect(await refusal("UPDATE batches SET state = 'compacted' WHERE mode = 'compaction'")).to.equal(
      "batches_folded",
    );
    await retractBatch(database, first as number);
    expect(await refusal(`UPDATE batch_days SET visible = true WHERE batch_id = ${first}`)).to.equal(
      "batch_days_laid_aside",
    );
    const hidden = await deliver(database.pool, { feed: "b", mode: "replace", prices: deliveries.prices(1) });
    await deliver(database.pool, { feed: "b", mode: "replace", prices: deliveries.prices(1) });
    await layAsideHidden(database);
    expect(await refusal(`UPDATE batches SET compacted_at = now() WHERE id = ${hidden}`)).to.equal(
      "batches_laid_aside",
    );
    expect(await differences(database.pool)).to.deep.equal([]);
  });

  it("begins again where a batch is retracted while its fold is folded, and the other way round", async () => {
    for (const first of ["retract", "fold"]) {
      const ids: number[] = [];
      for (let nth = 0; nth < 4; nth += 1) {
        ids.push(await deliver(database.pool, { feed: first, prices: deliveries.prices(nth, ["2024-02-01"]) }));
        // Two folds of two batches each, which are due to become one fold.
        if (nth % 2 === 1) await foldAround(database, ids[0] as number, { fanIn: 2 });
      }
      const other = await database.pool.connect();
      await other.query("BEGIN; SELECT FROM dataset FOR UPDATE");
      const begin = {
        retract: () => retractBatch(database, ids[0] as number),
        fold: () => foldAround(database, ids[0] as number, { fanIn: 2 }),
      };
      const order =
        first === "retract" ? ([begin.retract, begin.fold] as const) : ([begin.fold, begin.retract] as const);
      const under: Promise<unknown>[] = [];
      for (const change of order) {
        under.push(change());
        await waiting(under.length);
      }
      await other.query("COMMIT");
      other.release();
      const ended = await Promise.all(under);
      if (first === "retract") expect(ended[1]).to.equal(false);
      expect(await differences(database.pool), `${first} first`).to.deep.equal([]);
    }
  });

  it("leaves a retracted batch its rates that is published again, or given up, while they are being deleted", async () => {
    const other = await database.pool.connect();
    const changes: Record<string, (id: number) => Promise<unknown>> = {
      published: (id) => publishBatch(database, id),
      "given up": (id) => reclaimBatch(database, id, { retractableDays: 30 }),
    };
    for (const [name, change] of Object.entries(changes)) {
      const [id] = await deliveries.deliverMany(1);
      await retractBatch(database, id as number);
      if (name === "given up") await age(database.pool, 31);
      await other.query("BEGIN; SELECT FROM dataset FOR UPDATE");
      const under = [change(id as number)];
      await waiting(1);
      under.push(layAsideHidden(database));
      await waiting(2);
      await other.query("COMMIT");
      await Promise.all(under);
      expect(await differences(database.pool), name).to.deep.equal([]);
    }
    other.release();
  });

  /** Waits until this many sessions wait for a lock. */
  async function waiting(sessions: number): Promise<void> {
    await until(`${sessions} wait`, async () => {
      const query =
        "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      return (await deliveries.number(query)) === sessions;
    });
  }
});
