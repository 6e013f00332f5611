import { expect } from "chai";
import type { Feed } from "../../../app/operator/feed/feed.js";
import { FeedReports } from "../../../app/operator/status/feed-reports.js";
import { startApi } from "../../kit/api.js";
import { createDatabase, useDatabase } from "../../kit/database.js";
import { AUTHORIZED, TAKES_UPLOADS } from "../../kit/write-token.js";

const log = { info() {}, warn() {} };
const feed = (name: string, status: Feed["status"]) => ({ metadata: { name }, spec: {}, status }) as Feed;
const failed = { state: "BatchFailed", message: "Batch 7 (a.csv) failed: 3 bad lines" };
const ready = { state: "Ready", message: "Runs begin by the schedule @daily", nextRun: "2026-11-29T00:00:00Z" };

describe("the states of feeds", () => {
  const test = useDatabase();
  let feeds: Feed[] = [];
  let reports: FeedReports;
  let server: Awaited<ReturnType<typeof startApi>>;

  before(async () => {
    reports = new FeedReports(test.database, log, () => feeds);
    server = await startApi({ DATABASE_URL: test.url, ...TAKES_UPLOADS });
  });
  after(() => server?.stop());

  interface Told {
    feed: string;
    state: string;
    message: string;
    next_run: string | null;
    reported_at: string;
  }
  async function told(): Promise<Told[]> {
    const answer = await fetch(`${server.apiUrl}/feeds`, { headers: AUTHORIZED });
    return ((await answer.json()) as { feeds: Told[] }).feeds;
  }

  it("are answered by the API as the operator says them, and not where none runs", async () => {
    expect(await told()).to.deep.equal([]);
    feeds = [feed("sea", ready), feed("asia", failed)];
    await reports.write();
    const answered = await told();
    expect(answered.map(({ reported_at, ...report }) => report)).to.deep.equal([
      { feed: "asia", ...failed, next_run: null },
      { feed: "sea", state: ready.state, message: ready.message, next_run: "2026-11-29T00:00:00.000Z" },
    ]);
    expect(Date.now() - Date.parse(answered[0]?.reported_at ?? "")).to.be.within(-1_000, 10_000);
    feeds = [feed("asia", { ...ready, nextRun: undefined })];
    await reports.write();
    expect((await told()).map(({ feed, state }) => `${feed} ${state}`)).to.deep.equal(["asia Ready"]);
    feeds = [];
    await reports.write();
    expect(await told()).to.deep.equal([]);
  });

  it("are told with a token only", async () => {
    expect((await fetch(`${server.apiUrl}/feeds`)).status).to.equal(401);
  });

  it("are written again once the table is there, which a database before its migration has not", async () => {
    const empty = await createDatabase({ empty: true });
    const warnings: string[] = [];
    const early = new FeedReports(empty, { info() {}, warn: (_, message) => void warnings.push(message) }, () => feeds);
    await early.write();
    await early.write();
    await empty.drop();
    expect(warnings).to.deep.equal(["states of feeds could not be written"]);
  });
});
