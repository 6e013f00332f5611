import { expect } from "chai";
import { feedDefinition } from "../../../app/operator/feed/feed-definition.js";
import { type KubernetesApi, type Resource, resources } from "../../../app/operator/kubernetes/kubernetes-api.js";
import type { CronJob, Job, KubernetesObject } from "../../../app/operator/kubernetes/objects.js";
import {
  applyFeed,
  condition,
  eventsOf,
  feed,
  type RunningOperator,
  readFeed,
  startOperator,
} from "../../cluster/feeds/operators.js";
import { refused, taken } from "../../cluster/feeds/specs.js";
import { ApiServer, skipWithoutApiServer } from "../../kit/api-server.js";
import { useDatabase } from "../../kit/database.js";
import { until } from "../../kit/until.js";
import { startRatesapp } from "../commands/ratesapp.js";

const SLOW = { timeoutMs: 40_000, everyMs: 50 };
const NAMESPACE = "rates";
const kind = (apiVersion: string, name: string, plural: string): Resource => ({ apiVersion, kind: name, plural });
const definitions = kind("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions");
const namespaces = kind("v1", "Namespace", "namespaces");
const policies = kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies");
const bindings = kind(
  "admissionregistration.k8s.io/v1",
  "ValidatingAdmissionPolicyBinding",
  "validatingadmissionpolicybindings",
);

type Definition = KubernetesObject & {
  spec: { versions: { schema: { openAPIV3Schema: { properties: Record<string, { properties: object }> } } }[] };
};

/** The definition as a release had it that knew fewer fields. */
function definitionBefore(): Definition {
  const definition = structuredClone(feedDefinition()) as unknown as Definition;
  const { spec, status } = definition.spec.versions[0]?.schema.openAPIV3Schema.properties ?? {};
  if (spec) delete (spec.properties as Record<string, unknown>).onDelete;
  if (status) delete (status.properties as Record<string, unknown>).madeUpFor;
  if (status) delete (status.properties as Record<string, unknown>).message;
  return definition;
}

describe("the operator and its API server", function () {
  this.timeout(180_000);
  this.slow(20_000);
  const test = useDatabase();
  const kubeconfig = process.env.KUBECONFIG;
  let server: ApiServer;
  let api: KubernetesApi;
  let operator: RunningOperator | undefined;

  before(async function () {
    skipWithoutApiServer(this);
    server = await ApiServer.start();
    process.env.KUBECONFIG = server.kubeconfig;
    api = server.api(NAMESPACE, "test");
    await server.cluster.apply(namespaces, { metadata: { name: NAMESPACE } });
    await define(definitionBefore());
  });
  afterEach(async () => {
    await operator?.stop();
    operator = undefined;
  });
  after(async () => {
    if (kubeconfig === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = kubeconfig;
    await server?.close();
  });

  const cronJob = (name: string) => api.get<CronJob>(resources.cronJobs, `ratesapp-ingest-${name}`);
  const jobs = async (name: string) =>
    (await api.list<Job>(resources.jobs)).items.filter(({ metadata }) => metadata.labels?.["ratesapp/feed"] === name);
  const becomes = (name: string, wanted: string) =>
    until(
      `${name} is ${wanted}`,
      async () => {
        const is = condition(await readFeed(api, name), wanted.split("=")[0] ?? "");
        if (is.startsWith(wanted)) return true;
        throw new Error(is);
      },
      SLOW,
    );

  async function define(definition: unknown): Promise<void> {
    await server.cluster.apply(definitions, definition as Definition);
    await until("feeds are known", () => api.list(resources.feeds), SLOW);
  }

  it("keep Feeds and what is made of them when the definition is upgraded", async () => {
    operator = startOperator(NAMESPACE, test.url);
    await applyFeed(api, "old");
    await becomes("old", "Ready=True");
    expect((await readFeed(api, "old")).spec).to.not.have.property("onDelete");
    const { uid } = (await cronJob("old")).metadata;
    await define(feedDefinition());
    await until("the new field has its default", async () => (await readFeed(api, "old")).spec.onDelete === "Retain");
    await applyFeed(api, "old", { parallelism: 2 });
    await until("it is acted on", async () => (await cronJob("old")).spec.jobTemplate.spec?.parallelism === 2, SLOW);
    // The operator of the release that knows the field starts when the definition is there.
    await operator.stop();
    operator = startOperator(NAMESPACE, test.url);
    await applyFeed(api, "old", { suspend: true, onDelete: "Retract" });
    await becomes("old", "Ready=True Suspended");
    const { metadata, status } = await readFeed(api, "old");
    expect(metadata.finalizers).to.deep.equal(["feeds.ratesapp.dev/retract"]);
    expect(status?.message).to.contain("spec.suspend is true");
    expect((await cronJob("old")).metadata.uid).to.equal(uid);
  });

  it("refuse with a reason that names what is wrong, and take what is right", async () => {
    await define(feedDefinition());
    const refusal = (spec: object) =>
      api.create(resources.feeds, feed("tried", spec), { dryRun: true }).then(
        () => undefined,
        (error: Error) => error.message,
      );
    for (const [spec, says] of refused) {
      const said = await refusal(spec);
      expect(said, JSON.stringify(spec)).to.match(says);
      // What is of another type is refused before any rule, in words of the API server.
      expect(said, JSON.stringify(spec)).to.not.match(/Invalid value: "(string|object)": (?!.*must be of type)/);
    }
    for (const spec of taken) expect(await refusal(spec), JSON.stringify(spec)).to.equal(undefined);
    expect(await refusal({ schedule: "*/5 25 * * *" })).to.equal(
      'Feed.feeds.ratesapp.dev "tried" is invalid: spec.schedule: Forbidden: "25" is no hour: 0-23, in lists, ranges upwards (1-5) and steps (*/2)',
    );
  });

  it("go on when the API server is away for a while, and see what was changed meanwhile", async () => {
    await define(feedDefinition());
    operator = startOperator(NAMESPACE, test.url);
    await applyFeed(api, "before");
    await becomes("before", "Ready=True");
    await server.stop();
    const troubles = () => Object.keys(operator?.health.reasons() ?? {});
    await until("the operator notices", () => troubles().length > 0, SLOW);
    await server.resume();
    await api.patch(resources.cronJobs, "ratesapp-ingest-before", "merge", { spec: { schedule: "* * * * *" } });
    await applyFeed(api, "after");
    await becomes("after", "Ready=True");
    await until("the edit is put right", async () => (await cronJob("before")).spec.schedule === "0 0 1 1 *", SLOW);
    await until("it is well again", () => troubles().length === 0, SLOW);
  });

  it("start a run that was missed, though the API server takes no Job at first", async () => {
    await define(feedDefinition());
    const name = "no-jobs";
    await server.cluster.apply(policies, {
      metadata: { name },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: ["batch"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["jobs"] }],
        },
        validations: [{ expression: "false", message: "no room" }],
      },
    } as KubernetesObject);
    const whenOneIsMade = (action: string) =>
      server.cluster.apply(bindings, {
        metadata: { name },
        spec: { policyName: name, validationActions: [action] },
      } as KubernetesObject);
    await whenOneIsMade("Deny");
    const probe = {
      metadata: { name: "probe" },
      spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "a", image: "b" }] } } },
    };
    await until("jobs are refused", () =>
      api.create(resources.jobs, probe, { dryRun: true }).then(
        () => false,
        (error: Error) => error.message.includes("no room"),
      ),
    );
    operator = startOperator(NAMESPACE, test.url);
    const minute = new Date(Date.now() - 60_000);
    await applyFeed(api, "due", { schedule: `${minute.getUTCMinutes()} ${minute.getUTCHours()} * * *` });
    await until("it is told", async () => (await eventsOf(api, "due")).includes("RunNotStarted"), SLOW);
    expect((await readFeed(api, "due")).status).to.not.have.property("madeUpFor");
    await whenOneIsMade("Audit");
    await until("the run is made up for", async () => (await jobs("due")).length === 1, SLOW);
    const { uid = "" } = (await cronJob("due")).metadata;
    await until("it is noted", async () => (await readFeed(api, "due")).status?.madeUpFor === uid, SLOW);
    // Started once, even if the Job is taken away.
    await api.delete(resources.jobs, (await jobs("due"))[0]?.metadata.name ?? "");
    await applyFeed(api, "due", { schedule: "0 0 1 1 *" });
    await until("the change is acted on", async () => (await cronJob("due")).spec.schedule === "0 0 1 1 *", SLOW);
    expect((await jobs("due")).filter(({ metadata }) => !metadata.deletionTimestamp)).to.have.length(0);
  });

  it("tell by `feeds run` at which try a run is and why the last one failed, and that nothing was new", async () => {
    await define(feedDefinition());
    operator = startOperator(NAMESPACE, test.url);
    await applyFeed(api, "followed");
    await becomes("followed", "Ready=True");
    const command = startRatesapp(["feeds", "run", "followed", "--namespace", NAMESPACE], {
      KUBECONFIG: server.kubeconfig,
      LOG_FORMAT: "json",
    });
    // No controller runs here: what becomes of the Job and its pods is written by the test.
    const [job] = await until(
      "a Job is made",
      async () => (await jobs("followed")).length > 0 && jobs("followed"),
      SLOW,
    );
    const name = job?.metadata.name ?? "";
    const startTime = `${new Date().toISOString().slice(0, 19)}Z`;
    const labels = { "ratesapp/feed": "followed", "batch.kubernetes.io/job-name": name };
    const said = "https://prices.example/today.csv: it answered 404";
    await api.create(resources.pods, {
      metadata: { name: "followed-x", labels: { ...(job?.metadata.labels ?? {}), ...labels } },
      spec: { restartPolicy: "Never", containers: [{ name: "ingest", image: "ratesapp.example/absent:1" }] },
    });
    const terminated = { exitCode: 1, startedAt: startTime, finishedAt: startTime, message: `${said}\n` };
    const container = {
      name: "ingest",
      image: "a",
      imageID: "a",
      ready: false,
      restartCount: 0,
      state: { terminated },
    };
    await api.patch(
      resources.pods,
      "followed-x",
      "merge",
      { status: { phase: "Failed", containerStatuses: [container] } },
      "status",
    );
    await api.patch(resources.jobs, name, "merge", { status: { startTime, active: 1, failed: 1 } }, "status");
    expect(await command.line(/at try/)).to.contain(`Job ${name} is at try 2 of 7; the last one failed: ${said}`);
    expect((await readFeed(api, "followed")).status).to.deep.include({
      state: "Retrying",
      message: `Job ${name} is at try 2 of 7; the last one failed: ${said}`,
    });
    const holds = (type: string) => ({ type, status: "True", lastTransitionTime: startTime, lastProbeTime: startTime });
    const conditions = [holds("SuccessCriteriaMet"), holds("Complete")];
    const done = { completionTime: startTime, active: 0, succeeded: 1, failed: 1, conditions };
    await api.patch(resources.jobs, name, "merge", { status: done }, "status");
    const { code, stdout } = await command.ended;
    expect(stdout).to.equal("Nothing new: each delivery that is there was loaded before.\n");
    expect(code).to.equal(0);
    expect(await eventsOf(api, "followed")).to.include("Retrying");
  });
});
