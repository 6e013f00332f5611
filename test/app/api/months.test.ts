import { expect } from "chai";
import { publishBatch } from "../../../app/batches/publish.js";
import { retractBatch } from "../../../app/batches/retract.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { compact } from "../../../app/upkeep/compact.js";
import { foldAll } from "../../../app/upkeep/fold.js";
import { dropOldMonths } from "../../../app/upkeep/retention.js";
import { useApi } from "../../kit/api.js";
import { deliver, loadBatch } from "../../kit/batches.js";
import { bringPlaces, SAMPLE_PLACES } from "../../kit/places.js";
import { until } from "../../kit/until.js";

const LANE = "orig_code=CNSGH&dest_code=NLRTM";
const question = (from: string, to: string) => `/rates?date_from=${from}&date_to=${to}&${LANE}`;
const JANUARY = question("2024-01-01", "2024-01-31");
const FEBRUARY = question("2024-02-10", "2024-02-29");
const BOTH = question("2024-01-31", "2024-02-01");
const MARCH = question("2024-03-01", "2024-03-01");
const PLACES = ["/ports", "/regions"];
const ALL = [JANUARY, FEBRUARY, BOTH, MARCH, ...PLACES];

/** What a publish of the release before runs, word by word: it knows nothing of months. */
const PUBLISH_BEFORE = [
  "SELECT FROM dataset FOR UPDATE",
  `UPDATE batches
   SET state = 'published', sequence = coalesce(sequence, nextval('batch_sequence')),
       published_at = coalesce(published_at, clock_timestamp()), retracted_at = NULL
   WHERE id = $1`,
  `UPDATE batch_days d SET visible = entry.wanted
   FROM (SELECT d.batch_id, d.day, true AS wanted FROM batch_days d WHERE d.batch_id = $1) entry
   WHERE d.batch_id = entry.batch_id AND d.day = entry.day AND d.visible <> entry.wanted`,
  `UPDATE dataset SET version = version + 1, changed_at = date_trunc('milliseconds', clock_timestamp())
   RETURNING version`,
];

describe("answers about months in which nothing changed", function () {
  this.timeout(30_000);
  const api = useApi(SAMPLE_PLACES);
  const price = (day: string) => ({ origin: "CNSGH", destination: "NLRTM", day, price: 7 });
  const february = { prices: [price("2024-02-29")] };

  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(api.server.apiUrl + path, { headers });
    return {
      status: answer.status,
      etag: answer.headers.get("etag") as string,
      version: Number(answer.headers.get("dataset-version")),
      fromMemory: answer.headers.get("server-timing")?.startsWith('cache;desc="hit"'),
      body: await answer.text(),
    };
  };
  const version = async () => Number((await api.pool.query("SELECT version FROM dataset")).rows[0].version);
  /** Until the server has polled the newest version, and its answers are in memory. */
  const settle = async () => {
    const newest = await version();
    await until("all answers are in memory, of the newest version", async () => {
      const answers = await Promise.all(ALL.map((path) => ask(path)));
      return answers.every((answer) => answer.fromMemory && answer.version === newest);
    });
  };
  /** Makes a change. @returns which answers it ended: the others came from memory all the time. */
  const endedBy = async (change: () => Promise<unknown>): Promise<string[]> => {
    await settle();
    const before = await Promise.all(ALL.map((path) => ask(path)));
    await change();
    const newest = await version();
    const ended = new Set<string>();
    await until("the change is seen", async () => {
      const answers = await Promise.all(ALL.map((path) => ask(path)));
      for (const [index, answer] of answers.entries()) {
        if (!answer.fromMemory || answer.etag !== before[index]?.etag) ended.add(ALL[index] as string);
        else expect(answer.body).to.equal(before[index]?.body);
      }
      return answers.every((answer) => answer.version === newest);
    });
    for (const [index, path] of ALL.entries()) {
      const again = await ask(path, { "If-None-Match": before[index]?.etag as string });
      expect(again.status, path).to.equal(ended.has(path) ? 200 : 304);
      expect(again.version).to.equal(newest);
    }
    return [...ended];
  };

  it("stay in memory, and are a client's own by 304, through a publish, a retract and their undoing", async () => {
    let id = 0;
    for (const change of [
      async () => {
        id = await deliver(api.database, february);
      },
      () => retractBatch(api.database, id),
      () => publishBatch(api.database, id),
    ]) {
      expect(await endedBy(change)).to.have.members([FEBRUARY, BOTH]);
    }
    expect(await endedBy(() => deliver(api.database, { prices: [price("2024-01-01")] }))).to.have.members([
      JANUARY,
      BOTH,
    ]);
  });

  it("are those of the days that a replace hides too", async () => {
    const feed = "replaced";
    await deliver(api.database, { feed, prices: [price("2024-01-02"), price("2024-02-02"), price("2024-03-01")] });
    const replace = { feed, mode: "replace" as const, prices: [price("2024-02-02")] };
    let id = 0;
    const publish = async () => {
      id = await deliver(api.database, replace);
    };
    expect(await endedBy(publish)).to.have.members([FEBRUARY, BOTH]);
    expect(await endedBy(() => retractBatch(api.database, id))).to.have.members([FEBRUARY, BOTH]);
  });

  it("and none at all is ended by a batch of which nothing is seen", async () => {
    const feed = "hidden";
    const id = await deliver(api.database, { feed, prices: [price("2024-02-03")] });
    await retractBatch(api.database, id);
    await deliver(api.database, { feed, mode: "replace", prices: [price("2024-02-03")] });
    expect(await endedBy(() => publishBatch(api.database, id))).to.deep.equal([]);
  });

  it("are the same, whichever release publishes", async () => {
    const id = await loadBatch(api.database, february);
    await auditBatch(api.database, id);
    const publish = () =>
      api.database.transaction(async ({ client }) => {
        for (const text of PUBLISH_BEFORE) await client.query(text, text.includes("$1") ? [id] : []);
      });
    expect(await endedBy(publish)).to.have.members([FEBRUARY, BOTH]);
  });

  it("are none when a port moves to another region, or the dataset grows for a reason that no day shows", async () => {
    const { ports, regions } = SAMPLE_PLACES;
    const move = () => bringPlaces(api.database, { regions, ports: { ...ports, USNYC: "empty" } });
    expect(await endedBy(move)).to.have.members(ALL);
    const grow = () => api.pool.query("UPDATE dataset SET version = version + 1, changed_at = clock_timestamp()");
    expect(await endedBy(grow)).to.have.members(ALL);
    expect(await endedBy(move), "nothing moved").to.deep.equal([]);
  });

  it("are all while batches are folded", async () => {
    for (let batch = 0; batch < 8; batch += 1) await deliver(api.database, { ...february, feed: "small" });
    const fold = async () => expect(await foldAll(api.database)).to.equal(1);
    expect(await endedBy(fold)).to.deep.equal([]);
    await api.pool.query("UPDATE batches SET published_at = published_at - interval '40 days'");
    expect(await endedBy(() => compact(api.database))).to.deep.equal([]);
  });

  it("are not given after a failover that lost the last change, whose number another one has now", async () => {
    await deliver(api.database, { prices: [price("2024-01-03")] });
    await settle();
    const january = await ask(JANUARY);
    const { rows } = await api.pool.query("SELECT version, changed_at FROM month_versions WHERE month = '2024-02-01'");
    // Triggers see nothing of it.
    await api.database.transaction(async ({ client }) => {
      await client.query("SET LOCAL session_replication_role = replica");
      await client.query("UPDATE month_versions SET version = $1, changed_at = $2 WHERE month = '2024-01-01'", [
        rows[0].version,
        rows[0].changed_at,
      ]);
      await client.query("UPDATE batch_days SET visible = false WHERE day = '2024-01-03'");
      await client.query("UPDATE dataset SET changed_at = changed_at + interval '1 second'");
      await client.query(`INSERT INTO month_versions SELECT '2024-05-01', version, changed_at FROM dataset`);
    });
    await until("January is as the database has it", async () => (await ask(JANUARY)).etag !== january.etag);
    expect((await ask(JANUARY)).body).to.not.equal(january.body);
  });

  it("are those of months that stay, when old ones are dropped", async () => {
    await deliver(api.database, { prices: [price("2024-01-04"), price("2024-02-04")] });
    const retentionDays = (Date.now() - Date.parse("2024-02-10")) / 86_400_000;
    const drop = () => dropOldMonths(api.database, { retentionDays: Math.floor(retentionDays) });
    expect(await endedBy(drop)).to.have.members([JANUARY, BOTH]);
  });
});
