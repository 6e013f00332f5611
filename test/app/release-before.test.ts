import { rejects } from "node:assert/strict";
import { expect } from "chai";
import { findPlannedBatch, planBatch } from "../../app/batches/plan.js";
import { retryBatch } from "../../app/batches/retry.js";
import { listMigrations, migrate } from "../../app/database/migrate.js";
import { openUpload } from "../../app/ingest/uploads/upload.js";
import { listAbandonedPipes } from "../../app/ingest/work/load-stream.sql.js";
import { createDatabase, type TestDatabase } from "../kit/database.js";

/** What the release before 0005 runs, word by word: it knows a delivery by its identity alone. */
const BEFORE = {
  insert: `INSERT INTO batches (feed, source, identity, mode, state) VALUES ('sea', $1, $2, 'append', $3)
    ON CONFLICT (feed, identity) DO NOTHING RETURNING id`,
  find: "SELECT id, state FROM batches WHERE feed = 'sea' AND identity = $1",
  layAside: `UPDATE batches SET identity = identity || ' (failed as batch ' || id || ')'
    WHERE id = $1 AND state = 'failed' AND identity NOT LIKE '% (failed as batch ' || id || ')'`,
  pipes: `SELECT id FROM batches WHERE state = 'loading' AND NOT planned AND starts_with(identity, 'pipe ')`,
  uploads: `SELECT id FROM batches WHERE state = 'loading' AND identity ~ '^(upload|stream) ' ORDER BY id`,
};

const DELIVERY = {
  feed: "sea",
  source: "/in/prices.csv",
  channel: "file",
  identity: "prices.csv 5 17",
  mode: "append",
  bytes: null,
  pieceBytes: 1_000,
  maxBadRows: 0,
  deadlineSeconds: null,
} as const;
const UPLOAD = { feed: "sea", source: "upload", mode: "append", maxBadRows: 0, deadlineSeconds: null } as const;
const STARTED_AT = "2024-01-01";

describe("deliveries of the release before", () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase({ empty: true });
  });
  afterEach(() => database.drop());

  async function asBefore<Row>(statement: keyof typeof BEFORE, ...values: unknown[]): Promise<Row[]> {
    return (await database.pool.query(BEFORE[statement], values)).rows as Row[];
  }

  /** @returns its number. */
  async function insertBefore(source: string, identity: string, state = "loading"): Promise<number> {
    const [row] = await asBefore<{ id: number }>("insert", source, identity, state);
    return (row as { id: number }).id;
  }

  /** A batch of each kind, as the release before leaves them. */
  async function insertEachBefore() {
    const failed = await insertBefore("/in/prices.csv", "prices.csv 5 17", "failed");
    await asBefore("layAside", failed);
    const again = await insertBefore("/in/prices.csv", "prices.csv 5 17", "failed");
    await asBefore("layAside", again);
    const ids = {
      failed,
      again,
      file: await insertBefore("/in/prices.csv", "prices.csv 5 17"),
      named: await insertBefore("/in/upload may.csv", "./upload may.csv 5 17"),
      http: await insertBefore("https://rates.example/may.csv", 'may.csv 5 "1"'),
      s3: await insertBefore("s3://in/june.csv", 'june.csv 5 "1"'),
      generated: await insertBefore("generated:demo.csv", "demo.csv until 2024-01-31"),
      pipe: await insertBefore("-", "pipe 0c9d"),
      upload: await insertBefore("upload", "upload may.csv 5 17"),
      stream: await insertBefore("upload", "stream key"),
    };
    await database.pool.query("UPDATE batches SET lease_until = now() - interval '1 hour' WHERE id = $1", [ids.pipe]);
    await database.pool.query(
      "INSERT INTO batches (feed, source, identity, mode, state) VALUES ('sea', 'compaction', 'compaction 1', 'compaction', 'published')",
    );
    return ids;
  }

  async function expectKnown(ids: Awaited<ReturnType<typeof insertEachBefore>>): Promise<void> {
    const find = async (channel: "file" | "http" | "s3" | "generated", identity: string) =>
      (await findPlannedBatch(database, { feed: "sea", channel, identity }, STARTED_AT))?.id;
    expect(await find("file", "prices.csv 5 17")).to.equal(ids.file);
    expect(await find("file", "upload may.csv 5 17")).to.equal(ids.named);
    expect(await find("http", 'may.csv 5 "1"')).to.equal(ids.http);
    expect(await find("s3", 'june.csv 5 "1"')).to.equal(ids.s3);
    expect(await find("generated", "demo.csv until 2024-01-31")).to.equal(ids.generated);
    expect((await planBatch(database, DELIVERY, STARTED_AT, true)).id).to.equal(ids.file);
    expect(await database.rows(listAbandonedPipes)).to.deep.equal([{ id: ids.pipe }]);
    const pieces = { ...UPLOAD, kind: "pieces", key: "may.csv 5 17" } as const;
    expect(await openUpload(database, pieces)).to.deep.equal({ id: ids.upload, created: false });
    const stream = { ...UPLOAD, kind: "stream", key: "key" } as const;
    expect(await openUpload(database, stream)).to.deep.equal({ id: ids.stream, created: false });
    await rejects(openUpload(database, { ...stream, kind: "pieces" }), /another way of sending/);
    await rejects(retryBatch(database, ids.failed), new RegExp(`loaded again as batch ${ids.again}, which is failed`));
    await rejects(retryBatch(database, ids.again), new RegExp(`loaded again as batch ${ids.file}, which is load`));
  }

  it("are known after each migration that they may come from", async function () {
    this.timeout(60_000);
    const all = await listMigrations();
    for (let from = 1; from <= all.length; from += 1) {
      await database.drop();
      database = await createDatabase({ empty: true });
      await migrate(database.url, all.slice(0, from));
      const ids = await insertEachBefore();
      await migrate(database.url);
      await expectKnown(ids);
    }
  });

  it("and those of this release are the same to both, while both run", async () => {
    await migrate(database.url);
    const planned = (await planBatch(database, DELIVERY, STARTED_AT, true)).id;
    expect(await asBefore("find", "prices.csv 5 17")).to.deep.equal([{ id: planned, state: "loading" }]);
    expect(await asBefore("insert", "/in/prices.csv", "prices.csv 5 17", "loading")).to.deep.equal([]);
    const named = { ...DELIVERY, identity: "upload may.csv 5 17" };
    const { id: file } = await planBatch(database, named, STARTED_AT, true);
    expect(await asBefore("find", "./upload may.csv 5 17")).to.deep.equal([{ id: file, state: "loading" }]);
    const { id: pieces } = await openUpload(database, { ...UPLOAD, kind: "pieces", key: "may.csv 5 17" });
    const { id: stream } = await openUpload(database, { ...UPLOAD, kind: "stream", key: "key" });
    expect(new Set([planned, file, pieces, stream]).size, "each its own").to.equal(4);
    expect(await asBefore("uploads")).to.deep.equal([{ id: pieces }, { id: stream }]);
    const { id: pipe } = await planBatch(database, { ...DELIVERY, channel: "pipe", identity: "1" }, STARTED_AT, true);
    expect(await asBefore("pipes")).to.deep.equal([{ id: pipe }]);
  });

  it("may fail, be set aside and come again, whichever release does what", async () => {
    await migrate(database.url);
    const chain = [(await planBatch(database, DELIVERY, STARTED_AT, true)).id];
    const fail = (id?: number) => database.pool.query("UPDATE batches SET state = 'failed' WHERE id = $1", [id]);
    const setAside: ((id: number) => Promise<unknown>)[] = [
      (id) => retryBatch(database, id),
      (id) => asBefore("layAside", id),
    ];
    for (const aside of setAside) {
      for (const planAgain of [
        async () => (await planBatch(database, DELIVERY, STARTED_AT, true)).id,
        () => insertBefore(DELIVERY.source, DELIVERY.identity),
      ]) {
        const last = chain.at(-1) as number;
        await fail(last);
        await aside(last);
        await aside(last).catch(() => {});
        expect(await asBefore("find", DELIVERY.identity)).to.deep.equal([]);
        const next = await planAgain();
        expect(next).to.not.equal(last);
        expect((await planBatch(database, DELIVERY, STARTED_AT, true)).id).to.equal(next);
        expect(await asBefore("find", DELIVERY.identity)).to.deep.equal([{ id: next, state: "loading" }]);
        chain.push(next);
      }
    }
    const { rows } = await database.pool.query("SELECT id, supersedes FROM batches ORDER BY id");
    expect(rows).to.deep.equal(chain.map((id, index) => ({ id, supersedes: chain[index - 1] ?? null })));
  });

  it("keeps two apart that have the same name, size and version and came another way", async () => {
    await migrate(database.url);
    const ids = [];
    for (const channel of ["http", "s3", "file"] as const) {
      for (const _ of [1, 2]) ids.push((await planBatch(database, { ...DELIVERY, channel }, STARTED_AT, true)).id);
    }
    expect(new Set(ids).size).to.equal(3);
    expect(new Set(ids.filter((_, index) => index % 2 === 0)).size).to.equal(3);
    const all = await Promise.all(
      Array.from({ length: 8 }, () => planBatch(database, { ...DELIVERY, identity: "new 1 1" }, STARTED_AT, true)),
    );
    expect(new Set(all.map(({ id }) => id)).size, "planned by many at once").to.equal(1);
  });
});
