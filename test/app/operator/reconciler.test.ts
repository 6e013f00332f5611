import { expect } from "chai";
import type { BatchSummary } from "../../../app/batches/batch-summary.js";
import { runJob } from "../../../app/operator/desired/run-job.js";
import { RETRACT_FINALIZER, RUN_AT } from "../../../app/operator/feed/feed.js";
import { feedSpec } from "../../../app/operator/feed/feed-spec.js";
import type { FeedStatus } from "../../../app/operator/feed/feed-status.js";
import type { Events } from "../../../app/operator/kubernetes/events.js";
import type { KubernetesApi, Resource } from "../../../app/operator/kubernetes/kubernetes-api.js";
import type { CronJob, Job, Metadata, Pod } from "../../../app/operator/kubernetes/objects.js";
import { Reconciler, type ReconcilerOptions, type World } from "../../../app/operator/reconciler.js";
import type { KnownBatches } from "../../../app/operator/status/feed-batches.js";

const NAME = "ratesapp-ingest-asia";
const defaults: ReconcilerOptions["defaults"] = {
  name: "ratesapp",
  labels: { "app.kubernetes.io/name": "ratesapp", "app.kubernetes.io/instance": "rates" },
  pod: { spec: { containers: [{ name: "ingest" }] } },
  secretNames: ["rates-owner"],
  addressFamilies: ["ipv4"],
};
const owner = (uid: string) => [{ apiVersion: "v1", kind: "Feed", name: "asia", uid, controller: true }];
const made = (uid: string): CronJob =>
  ({ metadata: { name: NAME, uid: "made", ownerReferences: owner(uid) }, spec: {} }) as never;

const job = (name: string, conditions: object[] = []) =>
  ({ metadata: { name, creationTimestamp: "2026-11-28T00:00:00Z" }, status: { conditions } }) as Job;
const complete = { type: "Complete", status: "True" };

/**
 * Looks once at a Feed of this spec where the cluster is as `world` says. @returns what was asked, and said.
 * @param fails what the API server does not do.
 */
async function lookAt(
  spec: object,
  world: Partial<World>,
  { fails = "", ...metadata }: Partial<Metadata> & { fails?: string } = {},
) {
  const asked: string[] = [];
  const delaysMs: number[] = [];
  let status: FeedStatus | undefined;
  const feed = {
    metadata: { name: "asia", uid: "feed", ...metadata },
    spec: feedSpec.parse({ schedule: "@daily", source: "https://a.example/", ...spec }),
  };
  const answer =
    (verb: string) =>
    async (
      resource: Resource,
      about: string | { metadata: Metadata },
      _kind?: string,
      patch?: { path?: string; value?: FeedStatus }[],
    ) => {
      const name = typeof about === "string" ? about : about.metadata.name;
      if (fails && `${verb} ${resource.plural}` === fails) throw new Error(`it did not ${fails}`);
      const uid = resource.plural === "cronjobs" ? "made" : "feed";
      if (verb === "get") return { ...feed, metadata: { ...feed.metadata, name, uid }, spec: { jobTemplate: {} } };
      asked.push(`${verb} ${resource.plural} ${name}`);
      if (Array.isArray(patch)) status = patch.find(({ path }) => path === "/status")?.value;
      return { ...feed, metadata: { ...feed.metadata, name } };
    };
  const api = {
    apply: answer("apply"),
    create: answer("create"),
    delete: answer("delete"),
    get: answer("get"),
    patch: answer("patch"),
  };
  const reconciler = new Reconciler({
    api: api as unknown as KubernetesApi,
    defaults,
    events: { tell: async () => {} } as unknown as Events,
    world: {
      feed: () => feed,
      cronJob: () => undefined,
      networkPolicy: () => undefined,
      jobs: () => [],
      pods: () => [],
      batches: () => ({ newest: [] }),
      ...world,
    },
    readBatches: async (name) => {
      asked.push(`read batches ${name}`);
    },
    retract: async (name) => {
      asked.push(`retract ${name}`);
      return { retracted: 1, tooOld: 0 };
    },
    again: (_name, delayMs) => void delaysMs.push(delayMs),
  });
  await reconciler.reconcile("asia").catch((error: Error) => asked.push(error.message));
  const said = (type: string) => status?.conditions?.find((condition) => condition.type === type);
  return { asked, said, status, againInMs: Math.min(...delaysMs) };
}

describe("what the operator does about a Feed", () => {
  const deleted = { deletionTimestamp: "2026-11-28T00:00:00Z", finalizers: [RETRACT_FINALIZER] };
  const end = (world: Partial<World>) => lookAt({ onDelete: "Retract" }, world, deleted);
  const ended = ["retract asia", "patch feeds asia"];

  it("leaves a CronJob of another owner in place when a Feed of its name is deleted", async () => {
    expect((await end({ cronJob: () => made("another") })).asked).to.deep.equal(ended);
    expect((await end({ cronJob: () => made("feed") })).asked).to.deep.equal([`delete cronjobs ${NAME}`]);
  });

  it("retracts only when no pod can publish any more, so that nothing is seen of the feed afterwards", async () => {
    const pod = (phase: string) => ({ metadata: { name: "a" }, status: { phase } }) as Pod;
    expect((await end({ pods: () => [pod("Running")] })).asked).to.deep.equal([]);
    expect((await end({ pods: () => [pod("Unknown")] })).asked).to.deep.equal([]);
    expect((await end({ jobs: () => [job("a")] })).asked).to.deep.equal([]);
    expect((await end({ pods: () => [pod("Succeeded"), pod("Failed")] })).asked).to.deep.equal(ended);
    const cronJob = { metadata: { name: NAME, uid: "made" }, spec: { jobTemplate: {} } } as CronJob;
    expect(runJob(cronJob, "now").metadata.ownerReferences).to.deep.include({
      apiVersion: "batch/v1",
      kind: "CronJob",
      name: NAME,
      uid: "made",
      controller: true,
      blockOwnerDeletion: true,
    });
  });

  it("leaves a NetworkPolicy of another owner in place when a Feed of its name needs none", async () => {
    const path = { source: "/data/", volume: { claimName: "a", mountPath: "/data" } };
    const policies = async (uid: string) =>
      (await lookAt(path, { networkPolicy: () => made(uid) })).asked.filter((call) => call.includes("networkpolicies"));
    expect(await policies("another")).to.deep.equal([]);
    expect(await policies("feed")).to.deep.equal([`delete networkpolicies ${NAME}`]);
  });

  it("starts no run with the Secret of the release's own database", async () => {
    const { asked, said } = await lookAt({ credentialsSecretName: "rates-owner" }, {});
    expect(asked).to.deep.equal(["patch feeds asia"]);
    expect(said("Ready")).to.include({
      reason: "InvalidSpec",
      message: "spec.credentialsSecretName: rates-owner is the release's own; make a Secret for the feed",
    });
  });

  it("says that a run is under way from the moment it is asked for", async () => {
    const annotations = { [RUN_AT]: "now" };
    const { againInMs, asked, said } = await lookAt(
      {},
      { jobs: () => [job("yesterday", [complete])] },
      { annotations },
    );
    // Its Job may be deleted before it is known, and then nothing else would tell that no run is under way.
    expect(againInMs).to.be.below(60_000);
    expect(asked.filter((call) => call.startsWith("create"))).to.have.length(1);
    expect(said("Ingesting")).to.include({ status: "True", reason: "Running" });
  });

  it("reads the batches of a run that has ended before it says so", async () => {
    const { asked } = await lookAt({}, { jobs: () => [job("a", [complete])] });
    expect(asked.slice(-2)).to.deep.equal(["read batches asia", "patch feeds asia"]);
    expect((await lookAt({}, { jobs: () => [job("a")] })).asked).to.not.include("read batches asia");
  });

  it("starts a run that its new CronJob missed, until the Job is there and the status says so", async () => {
    const creationTimestamp = new Date().toISOString();
    const due = { schedule: "@every 1m" };
    const fresh = { metadata: { ...made("feed").metadata, creationTimestamp } } as CronJob;
    const started = async (cronJob: CronJob, more: Partial<World> = {}, metadata: object = {}) => {
      const { asked, status } = await lookAt(due, { cronJob: () => cronJob, ...more }, metadata);
      return { asked: asked.filter((call) => /jobs ratesapp|did not/.test(call) && !call.startsWith("apply")), status };
    };
    const failed = await started(fresh, {}, { fails: "create jobs" });
    expect(failed.asked).to.deep.equal(["it did not create jobs"]);
    expect(failed.status).to.not.have.property("madeUpFor");
    const done = await started(fresh);
    expect(done.asked).to.have.length(1);
    expect(done.status).to.include({ madeUpFor: "made" });
    expect(
      (await started(fresh, { jobs: () => [{ ...job("b"), metadata: { name: "b", ownerReferences: owner("made") } }] }))
        .asked,
    ).to.deep.equal([]);
    const ran = { ...fresh, status: { lastScheduleTime: creationTimestamp } } as CronJob;
    expect((await started(ran)).asked).to.deep.equal([]);
    const old = { metadata: { ...fresh.metadata, creationTimestamp: "2026-01-01T00:00:00Z" } } as CronJob;
    expect((await started(old)).asked).to.deep.equal([]);
  });

  it("waits for the database to say whether a batch was left unfinished before it takes nothing for missed", async () => {
    const creationTimestamp = new Date().toISOString();
    const fresh = { metadata: { ...made("feed").metadata, creationTimestamp } } as CronJob;
    const look = (batches: KnownBatches) =>
      lookAt({ schedule: "0 0 29 2 *" }, { cronJob: () => fresh, batches: () => batches });
    expect((await look({ away: "it is down" })).status).to.not.have.property("madeUpFor");
    const unfinished = await look({ newest: [{ id: 7, state: "loading" } as BatchSummary] });
    expect(unfinished.asked.filter((call) => call.startsWith("create jobs"))).to.have.length(1);
    expect((await look({ newest: [] })).status).to.include({ madeUpFor: "made" });
  });
});
