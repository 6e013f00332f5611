import { expect } from "chai";
import { failBatch } from "../../../app/batches/fail.js";
import { publishBatch } from "../../../app/batches/publish.js";
import { retractBatch } from "../../../app/batches/retract.js";
import type { Feed } from "../../../app/operator/feed/feed.js";
import { feedSpec } from "../../../app/operator/feed/feed-spec.js";
import type { CronJob, Job, Pod } from "../../../app/operator/kubernetes/objects.js";
import { FeedBatches } from "../../../app/operator/status/feed-batches.js";
import { happenedSince } from "../../../app/operator/status/happened.js";
import { readRuns } from "../../../app/operator/status/runs.js";
import { statusOf } from "../../../app/operator/status/status-of.js";
import { deliver, loadBatch } from "../../kit/batches.js";
import { useDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";

const feed: Feed = {
  metadata: { name: "asia", generation: 3 },
  spec: feedSpec.parse({ schedule: "*/15 * * * *", source: "s3://deliveries/asia/" }),
};
const cronJob = (lastScheduleTime: string) =>
  ({ metadata: { name: "ratesapp-ingest-asia" }, spec: {}, status: { lastScheduleTime } }) as unknown as CronJob;
const log = { info() {}, warn() {} };
const prices = [{ origin: "CNSGH", destination: "NLRTM", day: "2024-02-29", price: 7 }];
const now = new Date("2026-11-28T00:16:00Z");

describe("the status of a feed", () => {
  const test = useDatabase();
  const changed: string[] = [];
  let batches: FeedBatches;

  before(async () => {
    await bringPlaces(test.database);
    batches = new FeedBatches(test.database, {
      log,
      feeds: () => ["asia", "air"],
      onChange: (name) => changed.push(name),
    });
    await batches.read();
  });
  beforeEach(() => changed.splice(0));

  const tell = (jobs: Job[] = [], pods: Pod[] = [], before?: Feed["status"]) =>
    statusOf({
      feed: before ? { ...feed, status: before } : feed,
      problem: undefined,
      cronJob: cronJob("2026-11-28T00:15:00Z"),
      runs: readRuns(jobs, pods),
      batches: batches.of("asia"),
      now,
    });
  const told = (status: ReturnType<typeof tell>, type: string) => {
    const found = status.conditions?.find((condition) => condition.type === type);
    return `${found?.status} ${found?.reason}: ${found?.message}`;
  };

  it("follows each change of a batch, and reads no feed of which there is nothing new", async () => {
    const id = await deliver(test.database, { feed: "asia", prices });
    await batches.read();
    expect(changed).to.deep.equal(["asia"]);
    const published = tell();
    expect(published.batches?.map(({ id, state, rows }) => ({ id, state, rows }))).to.deep.equal([
      { id, state: "published", rows: 1 },
    ]);
    expect(published).to.include({ state: "Ready", nextRun: "2026-11-28T00:30:00Z", observedGeneration: 3 });
    await batches.read();
    expect(changed).to.deep.equal(["asia"]);
    await retractBatch(test.database, id);
    await batches.read();
    const retracted = tell([], [], published);
    expect(told(retracted, "LastBatchSucceeded")).to.equal(`True Retracted: Batch ${id} (test) is retracted: 1 prices`);
    expect(happenedSince(published, retracted).map(({ reason }) => reason)).to.deep.equal(["BatchRetracted"]);
  });

  it("shows that one batch was retracted and another published again, though their numbers are the same", async () => {
    const first = await deliver(test.database, { feed: "air", prices });
    const other = await deliver(test.database, { feed: "air", prices: [{ ...prices[0], price: 8 } as never] });
    await retractBatch(test.database, first);
    await batches.read();
    await publishBatch(test.database, first);
    await retractBatch(test.database, other);
    await batches.read();
    const known = batches.of("air");
    expect("newest" in known && known.newest.map(({ id, state }) => [id, state])).to.deep.equal([
      [other, "retracted"],
      [first, "published"],
    ]);
  });

  it("shows a batch while it is made, and why it failed", async () => {
    const id = await loadBatch(test.database, { feed: "asia", prices });
    await batches.read();
    const loading = tell();
    expect(loading.current).to.include({ id, state: "loading", rows: 1 });
    await failBatch(test.database, id, "it is no good");
    await batches.read();
    const failed = tell([], [], loading);
    expect(failed).to.include({ message: `Batch ${id} (test) failed: it is no good` });
    expect(failed).to.include({ state: "BatchFailed" }).and.not.have.property("current");
    expect(told(failed, "LastBatchSucceeded")).to.equal(`False Failed: Batch ${id} (test) failed: it is no good`);
  });

  it("says why pods do not start, and with a run's own words why it failed", () => {
    const job = (name: string, conditions: object[]) =>
      ({ metadata: { name, creationTimestamp: "2026-11-28T00:15:00Z" }, status: { conditions } }) as unknown as Job;
    const pod = (name: string, status: object) =>
      ({ metadata: { name: `${name}-x`, labels: { "batch.kubernetes.io/job-name": name } }, status }) as unknown as Pod;
    const waiting = { reason: "CreateContainerConfigError", message: 'secret "asia" not found' };
    const stuck = tell([job("a", [])], [pod("a", { containerStatuses: [{ state: { waiting } }] })]);
    expect(told(stuck, "Ready")).to.equal(
      'False CannotStart: pod a-x: CreateContainerConfigError: secret "asia" not found',
    );
    expect(told(stuck, "Ingesting")).to.equal("True Running: Job a runs");
    expect(stuck).to.include({ state: "CannotStart" }).and.have.property("message").that.contains('secret "asia"');
    const end = [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "Too many pods failed." }];
    const terminated = { exitCode: 1, message: '{"level":"warn"}\ns3://deliveries: AccessDenied\n' };
    const failed = tell([job("a", end)], [pod("a", { containerStatuses: [{ state: { terminated } }] })]);
    expect(told(failed, "Ready")).to.equal(
      "False RunFailed: s3://deliveries: AccessDenied (a: BackoffLimitExceeded: Too many pods failed.)",
    );
    const bad = [
      { type: "Failed", status: "True", reason: "PodFailurePolicy", message: "failed with exit code 3 matching" },
    ];
    expect(told(tell([job("a", bad)]), "Ready")).to.match(/^True Scheduled/);
    const badPod = pod("a", {
      containerStatuses: [{ state: { terminated: { exitCode: 3, message: "it is no text" } } }],
    });
    const runs = readRuns([job("a", bad)], [badPod]);
    const unread = statusOf({
      feed,
      problem: undefined,
      cronJob: cronJob("2026-11-28T00:15:00Z"),
      runs,
      batches: { newest: [] },
      now,
    });
    expect(unread.state).to.equal("DeliveryFailed");
    expect(unread.message).to.match(/^it is no text \(a: PodFailurePolicy/);
  });

  it("says at which try a run is and why the newest pod failed, until it is given up", () => {
    const pod = (name: string, second: number, message: string) =>
      ({
        metadata: {
          name,
          creationTimestamp: `2026-11-28T00:15:0${second}Z`,
          labels: { "batch.kubernetes.io/job-name": "a" },
        },
        status: { containerStatuses: [{ state: { terminated: { exitCode: 1, message } } }] },
      }) as unknown as Pod;
    const pods = [pod("a-1", 1, "it did not answer\n"), pod("a-2", 2, "it answered 404\n")];
    const job = (failed: number, conditions: object[] = []) =>
      ({ metadata: { name: "a", creationTimestamp: "2026-11-28T00:15:00Z" }, status: { failed, conditions } }) as Job;
    const first = tell([job(0)]);
    expect(told(first, "Ingesting")).to.equal("True Running: Job a runs");
    const third = tell([job(2)], pods, first);
    expect(told(third, "Ingesting")).to.equal(
      "True Retrying: Job a is at try 3 of 7; the last one failed: it answered 404",
    );
    expect(third).to.include({
      state: "Retrying",
      message: "Job a is at try 3 of 7; the last one failed: it answered 404",
    });
    expect(happenedSince(first, third).map(({ reason }) => reason)).to.deep.equal(["Retrying"]);
    const givenUp = [{ type: "FailureTarget", status: "True" }];
    expect(told(tell([job(1, givenUp)], pods), "Ingesting")).to.equal("True Running: Job a runs");
    expect(told(tell([job(7)]), "Ingesting")).to.equal("True Retrying: Job a is at try 7 of 7; the last one failed");
  });

  const inForce = (since: string): Feed => ({
    ...feed,
    status: { observedGeneration: 3, inForceSince: since } as Feed["status"] & object,
  });

  it("is late when a run has not begun, and keeps the instant at which a condition changed", () => {
    const observed = {
      feed: inForce("2026-11-01T00:00:00Z"),
      problem: undefined,
      runs: readRuns([], []),
      batches: batches.of("asia"),
      now,
    };
    const late = statusOf({ ...observed, cronJob: cronJob("2026-11-27T23:45:00Z") });
    expect(late.state).to.equal("Late");
    expect(told(late, "Late")).to.equal("True NotStarted: The run of 2026-11-28T00:00:00.000Z has not begun");
    const later = { ...observed, feed: { ...feed, status: late }, now: new Date(+now + 60_000) };
    const still = statusOf({ ...later, cronJob: cronJob("2026-11-27T23:45:00Z") });
    expect(still.conditions).to.deep.equal(late.conditions);
  });

  it("is not late for a run that was not due, cannot begin now, or never will", () => {
    const old = "2026-11-01T00:00:00Z";
    const lateness = (given: object, lastScheduleTime = "2026-11-27T23:45:00Z") => {
      const observed = { feed: inForce(old), problem: undefined, batches: batches.of("asia"), now };
      const status = statusOf({ ...observed, runs: readRuns([], []), cronJob: cronJob(lastScheduleTime), ...given });
      return told(status, "Late");
    };
    expect(lateness({})).to.match(/^True NotStarted/);
    // Resumed, or with another schedule, since then; or just now, so that the status does not know of it yet.
    expect(lateness({ feed: inForce("2026-11-28T00:10:00Z") })).to.match(/^False OnTime/);
    expect(lateness({ feed: { ...inForce(old), metadata: { name: "asia", generation: 4 } } })).to.match(
      /^False OnTime/,
    );
    const long = { name: "a", creationTimestamp: "2026-11-27T23:45:00Z" };
    const end = { type: "Complete", status: "True", lastTransitionTime: "2026-11-28T00:15:50Z" };
    for (const conditions of [[], [end]]) {
      const runs = readRuns([{ metadata: long, status: { conditions } }], []);
      expect(lateness({ runs })).to.match(/^False OnTime/);
    }
    // Kubernetes gave the run of 20:00 up at 21:00.
    const daily = feedSpec.parse({ schedule: "0 20 * * *", source: "s3://deliveries/asia/" });
    expect(lateness({ feed: { ...inForce(old), spec: daily } }, "2026-11-26T20:00:00Z")).to.match(/^False OnTime/);
    expect(lateness({}, "2026-11-26T20:00:00Z")).to.match(/^True NotStarted: The run of 2026-11-27T23:30/);
  });

  it("says that the database is away, and keeps what it said last", async () => {
    const before = tell();
    const away = new FeedBatches(test.database.with({ signal: AbortSignal.abort(new Error("cut")) }), {
      log,
      feeds: () => [],
      onChange() {},
    });
    const status = statusOf({
      feed: { ...feed, status: before },
      problem: undefined,
      cronJob: undefined,
      runs: readRuns([], []),
      batches: away.of("asia"),
      now,
    });
    expect(told(status, "LastBatchSucceeded")).to.match(/^Unknown DatabaseAway/);
    expect(status.batches).to.deep.equal(before.batches);
  });
});
