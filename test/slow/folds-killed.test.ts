import { expect } from "chai";
import fc from "fast-check";
import { publishBatch } from "../../app/batches/publish.js";
import { retractBatch } from "../../app/batches/retract.js";
import { Database } from "../../app/database/database.js";
import { foldAll, foldAround } from "../../app/upkeep/fold.js";
import { layAsideHidden } from "../../app/upkeep/hidden.js";
import { deliver, differences } from "../app/ingest/deliveries.js";
import { FoldDeliveries } from "../app/ingest/fold-deliveries.js";
import { killAt } from "../app/ingest/kill-at.js";
import type { TestDatabase } from "../kit/database.js";

describe("folds that are killed, and folds beside publishes and readers", function () {
  this.timeout(300_000);
  let deliveries: FoldDeliveries;
  let database: TestDatabase;

  beforeEach(async () => {
    deliveries = await FoldDeliveries.create();
    ({ database } = deliveries);
  });

  afterEach(() => database.drop());

  it("can be killed at any point, as can a retract and a publish, and all go on", async () => {
    const ids = await deliveries.deliverMany(8, 2);
    for (const nth of [1, 2])
      ids.push(await deliver(database.pool, { feed: "b", mode: "replace", prices: deliveries.prices(nth) }));
    const changes: readonly ((on: Database, id: number) => Promise<unknown>)[] = [
      (on, id) => foldAround(on, id, { fanIn: 2 }),
      (on) => layAsideHidden(on),
      (on, id) => retractBatch(on, id),
      (on, id) => publishBatch(on, id),
      (on, id) => foldAround(on, id, { fanIn: 2 }),
    ];
    for (let statements = 1; statements <= 24; statements += 1) {
      for (const change of changes) {
        const { pool, killed } = killAt(database.url, statements);
        const id = ids[statements % ids.length] as number;
        await change(new Database(pool, { patienceMs: 0, signal: killed }), id).catch(() => {});
        await pool.end();
        expect(await differences(database.pool), `after ${statements} statements`).to.deep.equal([]);
      }
    }
    for (const id of ids) await publishBatch(database, id);
    while (await foldAround(database, ids[0] as number, { fanIn: 2 })) {
      expect(await differences(database.pool)).to.deep.equal([]);
    }
    expect(await deliveries.mostRows()).to.be.at.most(10);
  });

  it("never shows a reader anything but what is published, while two fold and two publish at once", async () => {
    const ids = await deliveries.deliverMany(12);
    const random = fc.sample(fc.nat({ max: 10_000 }), { numRuns: 400, seed: 7 });
    let working = true;
    const folding = [2, 3].map(async (fanIn) => {
      let folds = 0;
      while (working) folds += await foldAll(database, { fanIn });
      return folds;
    });
    const reading = Array.from({ length: 2 }, async () => {
      while (working) expect(await differences(database.pool)).to.deep.equal([]);
    });
    const hiding = (async () => {
      while (working) await layAsideHidden(database);
    })();
    const publishing = [0, 1].map(async (publisher) => {
      for (let turn = 0; turn < 40; turn += 1) {
        const pick = random[2 * turn + publisher] as number;
        const id = ids[pick % ids.length] as number;
        if (turn % 8 === 7) {
          const mode = pick % 3 === 0 ? "replace" : "append";
          ids.push(await deliver(database.pool, { mode, prices: deliveries.prices(pick) }));
        } else if (pick % 2 === 0) await retractBatch(database, id);
        else await publishBatch(database, id);
      }
    });
    await Promise.all(publishing).finally(() => {
      working = false;
    });
    await Promise.all([hiding, ...reading]);
    const folds = await Promise.all(folding);
    expect(folds[0] as number).to.be.greaterThan(0);
    expect(await differences(database.pool)).to.deep.equal([]);
  });
});
