import { expect } from "chai";
import type pg from "pg";
import { watchIngest } from "../../../app/batches/batch-metrics.js";
import { readBatch } from "../../../app/batches/batch-summary.js";
import { listBatches } from "../../../app/batches/list-batches.js";
import { findPlannedBatch } from "../../../app/batches/plan.js";
import { findDuplicate } from "../../../app/batches/publish.sql.js";
import { setLaidAside } from "../../../app/batches/unfold.sql.js";
import { refreshOwnVisibility, refreshVisibility } from "../../../app/batches/visibility.sql.js";
import { type Queries, Session } from "../../../app/database/queries.js";
import { bind } from "../../../app/database/statement.js";
import { listAbandonedUploads, listUnpublished } from "../../../app/ingest/uploads/upload.sql.js";
import { registry } from "../../../app/telemetry/registry.js";
import { beginFold, lockPointers } from "../../../app/upkeep/begin-fold.js";
import { DUE, findDueAround } from "../../../app/upkeep/fold.sql.js";
import { listReclaimable, setReclaimed } from "../../../app/upkeep/reclaim.sql.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { ExplainedSession } from "./explained.js";
import { insertHistory } from "./many-batches.js";

const FEW = 2_000;
const MANY = 20_000;

/**
 * What runs while a client waits, with each publish or at each scrape, and what looks for work; `last` is the newest
 * batch that is published.
 */
const WORK: Readonly<Record<string, (database: Queries, last: number) => Promise<unknown>>> = {
  "a page of batches": (database) => listBatches(database, { limit: 26 }),
  "a page from the middle": (database, last) => listBatches(database, { limit: 26, before: Math.floor(last / 2) }),
  "a page of a feed": (database) => listBatches(database, { limit: 26, feed: "feed 3" }),
  "a page of a feed that stopped": (database) => listBatches(database, { limit: 26, feed: "stopped" }),
  "a page of it from its middle": (database, last) =>
    listBatches(database, { limit: 26, feed: "stopped", before: Math.floor(last / 4) }),
  "a page of a feed with few batches": (database) => listBatches(database, { limit: 26, feed: "rare" }),
  "a page of an unknown feed": (database) => listBatches(database, { limit: 26, feed: "unknown" }),
  "a page of a rare state": (database) => listBatches(database, { limit: 26, state: "failed" }),
  "a page of a state that is old": (database) => listBatches(database, { limit: 26, state: "compacted" }),
  "a page of a state without batches": (database) => listBatches(database, { limit: 26, state: "duplicate" }),
  "a page of a feed and state": (database) => listBatches(database, { limit: 26, feed: "feed 3", state: "compacted" }),
  "a page of a feed and state without batches": (database) =>
    listBatches(database, { limit: 26, feed: "stopped", state: "published" }),
  "one batch": (database, last) => readBatch(database, last),
  "the metrics of ingest": async (database) => {
    watchIngest(database);
    const text = await registry.metrics();
    expect(text).to.include("ratesapp_ingest_rows_total{");
  },
  "the search for folds that are due": (database, last) => database.rows(findDueAround, { ...DUE, batchId: last }),
  "the search for publishes that broke off": (database) => database.rows(listUnpublished),
  "the search for uploads that were left": (database) => database.rows(listAbandonedUploads, { hours: 24 }),
  "the search for a delivery": (database) =>
    findPlannedBatch(database, { feed: "feed 3", channel: "file", identity: "1007" }, "2020-01-01"),
  "the search for a duplicate": (database, last) => database.rows(findDuplicate, { batchId: last }),
  "the search for a duplicate among compacted batches": (database, last) =>
    database.rows(findDuplicate, { batchId: last - 1 }),
  "a publish of one that replaces": (database, last) => database.run(refreshVisibility, { batchId: last - 18 }),
  "a publish of one that adds": (database, last) => database.run(refreshOwnVisibility, { batchId: last }),
  "a retract of an old one": (database, last) =>
    database.run(refreshOwnVisibility, { batchId: Math.floor(last * 0.75) }),
  "the search for rows to delete": (database) => database.rows(listReclaimable, { retractableDays: 30 }),
  "the end of deleting": (database) => database.run(setReclaimed, { emptied: [] }),
};

describe("what costs no more with more batches", function () {
  this.timeout(120_000);
  const open: { database: TestDatabase; client: pg.PoolClient; session: ExplainedSession; last: number }[] = [];

  before(async () => {
    for (const batches of [FEW, MANY]) {
      const database = await createDatabase();
      await insertHistory(database.pool, batches);
      const client = await database.pool.connect();
      const last = batches - 3;
      await client.query(
        `UPDATE batches SET checksum = 'sent again'
         WHERE id = $1 OR id = (SELECT min(id) FROM batches WHERE state = 'compacted' AND feed = (
           SELECT feed FROM batches WHERE id = $1))`,
        [last - 1],
      );
      open.push({ database, client, session: new ExplainedSession(client), last });
    }
  });

  after(async () => {
    watchIngest(undefined);
    for (const { database, client } of open) {
      client.release();
      await database.drop();
    }
  });

  for (const [name, work] of Object.entries(WORK)) {
    it(name, async () => {
      const blocks: number[] = [];
      for (const { session, last } of open) {
        session.blocks = 0;
        await work(session, last);
        blocks.push(session.blocks);
      }
      const [few = 0, many = 0] = blocks;
      // Indexes have a level more.
      expect(many, `blocks that are read of ${MANY} batches; of ${FEW}, they are ${few}`).to.be.at.most(1.5 * few + 20);
    });
  }

  it("the pointers that a fold moves while publishes wait", async () => {
    const blocks: number[] = [];
    for (const { client, last } of open) {
      await client.query("BEGIN");
      const session = new Session(client);
      await beginFold(session, "feed 3", "2024-01-01");
      await lockPointers(session);
      let read = 0;
      for (const query of [
        bind(setLaidAside, { batches: [last - 18], laidAside: true }),
        bind(refreshOwnVisibility, { batchId: last }),
        bind(refreshVisibility, { batchId: last - 18 }),
      ]) {
        const { rows } = await client.query({
          ...query,
          text: `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${query.text}`,
        });
        const { Plan } = rows[0]["QUERY PLAN"][0];
        read += Plan["Shared Hit Blocks"] + Plan["Shared Read Blocks"];
      }
      await client.query("ROLLBACK");
      blocks.push(read);
    }
    const [few = 0, many = 0] = blocks;
    expect(many, `blocks of ${MANY} batches; of ${FEW}, they are ${few}`).to.be.at.most(1.5 * few + 20);
  });
});
