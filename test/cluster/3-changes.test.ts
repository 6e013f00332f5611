import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import pg from "pg";
import { PortForward } from "../../infra/access/port-forward.js";
import { primaryOf } from "../../infra/access/primary.js";
import { figure } from "./figures.js";
import { apply, get, isReady, kubectl, pods, program } from "./kubectl.js";
import { store } from "./settings.js";
import type { Stack } from "./stack.js";
import {
  API_PODS,
  currentContext,
  DATABASE,
  databaseStatus,
  databaseUrl,
  instances,
  primary,
  psql,
  staging,
  superuserPassword,
  WORKLOADS,
} from "./staging.js";
import { traffic } from "./traffic.js";
import { until } from "./until.js";

/** The uid of each object of the stack that outlives a release. */
async function objects(): Promise<Record<string, string>> {
  const kinds = [
    "configmaps,cronjobs,deployments,horizontalpodautoscalers,networkpolicies,persistentvolumeclaims",
    "poddisruptionbudgets,secrets,serviceaccounts,services,clusters.postgresql.cnpg.io,poolers.postgresql.cnpg.io",
  ].join(",");
  type Objects = { items: { kind: string; metadata: { name: string; namespace: string; uid: string } }[] };
  const found = await Promise.all([WORKLOADS, DATABASE].map((namespace) => get<Objects>(kinds, "-n", namespace)));
  const uids = found.flatMap(({ items }) =>
    items.map(({ kind, metadata: { name, namespace, uid } }) => [`${namespace} ${kind} ${name}`, uid]),
  );
  return Object.fromEntries(uids);
}

const secondsSince = (start: number): number => (Date.now() - start) / 1000;

describe("a staging stack in use", () => {
  let stack: Stack;
  before(async () => {
    stack = await staging();
  });

  it("scales up under load, and down after", async () => {
    // Of the Rollout, or of the Deployment where there is none.
    type Autoscaler = { status: { desiredReplicas: number } };
    const replicas = async () => (await get<Autoscaler>("hpa", "ratesapp-api", "-n", WORKLOADS)).status.desiredReplicas;
    expect(await replicas()).to.equal(2);
    const start = Date.now();
    const stop = traffic(12, 0);
    await until("there are more pods", 120_000, async () => (await replicas()) > 2);
    figure("pods added after the load began", secondsSince(start), "s");
    const { good } = await stop();
    expect(good).to.be.above(100);
    const quiet = Date.now();
    await until("there are two pods again", 240_000, async () => (await replicas()) === 2, 2000);
    figure("pods removed after it ended", secondsSince(quiet), "s");
  });

  it("changes nothing when it is applied again", async () => {
    figure("up without a change", await stack.up("--expect-no-changes"), "s", 40);
  });

  it("keeps no password in plain text", async () => {
    const urls = await Promise.all(["owner", "ingest", "api", "monitoring"].map(databaseUrl));
    const stored = await stack.stored();
    type Authority = { data: { "ca.key": string } };
    const { data } = await get<Authority>("secret", "ratesapp-server-ca", "-n", DATABASE);
    expect(stored.includes(data["ca.key"].slice(60, 120))).to.equal(false);
    const outputs = JSON.stringify(await stack.outputs());
    for (const password of [...urls.map((url) => url.password), await superuserPassword()]) {
      expect(password).to.have.lengthOf(32);
      for (const text of [password, Buffer.from(password).toString("base64")]) {
        expect(stored.includes(text)).to.equal(false);
        expect(outputs.includes(text)).to.equal(false);
      }
    }
  });

  it("gives every role a new password, and a feed a setting, while requests go on, none of which fails", async () => {
    const stop = traffic(2, 20);
    await sleep(2000);
    const before = await databaseUrl("api");
    const made = await objects();
    const [now, next, passwordGeneration] = before.username.endsWith("_a") ? ["a", "b", 2] : ["b", "a", 3];
    stack.configure({ access: { passwordGeneration } });
    await stack.set("feeds.sea.maxBadRows", "7");
    figure("up with every password changed", await stack.up(), "s", 60);
    // In place: a Service made anew has another address, a database no data, and a Secret is missing for a moment.
    expect(await objects()).to.deep.equal(made);
    await until("the feed's pods are told", 30_000, async () => {
      const args = "{.spec.jobTemplate.spec.template.spec.containers[0].args}";
      const told = await kubectl(["-n", WORKLOADS, "get", "cronjob", "ratesapp-ingest-sea", "-o", `jsonpath=${args}`]);
      return told.includes('"--max-bad-rows","7"');
    });
    const after = await databaseUrl("api");
    expect([before.username, after.username]).to.deep.equal([`ratesapp_api_${now}`, `ratesapp_api_${next}`]);
    const serving = await until("the last old pod is gone", 90_000, async () => {
      const found = await pods(WORKLOADS, API_PODS);
      return found.length === 2 && found.every(isReady) && found;
    });
    const { bad, good } = await stop();
    expect(bad).to.deep.equal([]);
    expect(good).to.be.above(100);

    const sessions = `SELECT count(*) FROM pg_stat_activity WHERE usename = '${after.username}'`;
    const counts = await Promise.all((await instances("replica")).map((pod) => psql(pod, sessions)));
    expect(counts.map(Number).reduce((sum, count) => sum + count)).to.be.above(0);

    // A pod that still has the password before can log in.
    const logIn = `
      import pg from "pg";
      const client = new pg.Client({ connectionString: ${JSON.stringify(before.href)} });
      await client.connect();
      console.log((await client.query("SELECT current_user AS name")).rows[0].name);
      await client.end();`;
    expect((await program(WORKLOADS, serving[0]?.metadata.name ?? "", "api", logIn)).trim()).to.equal(before.username);
  });

  it("is reached through the same port when its primary is another one", async () => {
    const target = { namespace: DATABASE, cluster: "ratesapp", kubeconfig: undefined, context: await currentContext() };
    const forward = await PortForward.open({ ...primaryOf(target), localPort: 0 });
    const password = await superuserPassword();
    const connect = async () => {
      const client = new pg.Client({
        host: "127.0.0.1",
        port: forward.port,
        user: "postgres",
        password,
        database: "ratesapp",
        ssl: { rejectUnauthorized: false },
        connectionTimeoutMillis: 60_000,
      });
      client.on("error", () => {});
      await client.connect();
      return client;
    };
    /** Refused by a replica. */
    const write = (client: pg.Client) => client.query("CREATE TEMPORARY TABLE written (id int)");
    const old = await primary();
    try {
      const before = await connect();
      await write(before);
      // Not `once` of node:events, which rejects at the error that a cut connection also is.
      const cut = new Promise((resolve) => before.once("end", resolve));
      const start = Date.now();
      await kubectl(["-n", DATABASE, "delete", "pod", old, "--wait=false"]);
      await cut;
      const after = await until("the new primary takes writes", 120_000, async () => {
        const client = await connect();
        await write(client);
        return client;
      });
      figure("writes again after the primary's pod was deleted", secondsSince(start), "s");
      await after.end();
    } finally {
      await forward.close();
    }
    expect(await primary()).to.not.equal(old);
    await until("all three are healthy again", 180_000, async () => {
      const { phase, readyInstances } = await databaseStatus();
      return readyInstances === 3 && phase === "Cluster in healthy state";
    });
  });

  it("tells that a feed's Secret is missing, or wrong, and takes one that was rotated at the next run", async function () {
    if (!store) this.skip();
    const { CLUSTER_S3_ACCESS_KEY = "local", CLUSTER_S3_SECRET_KEY = "local-secret" } = process.env;
    const secret = (key: string) =>
      apply({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "river-deliveries", namespace: WORKLOADS },
        stringData: { AWS_ACCESS_KEY_ID: CLUSTER_S3_ACCESS_KEY, AWS_SECRET_ACCESS_KEY: key },
      });
    const run = (request: string) =>
      kubectl(["-n", WORKLOADS, "annotate", "feed", "river", `feeds.ratesapp.dev/run-at=${request}`, "--overwrite"]);
    type River = { status?: { state?: string; message?: string; lastRunRequest?: string } };
    const becomes = (wanted: string, message: RegExp, request: string) =>
      until(`river is ${wanted}`, 180_000, async () => {
        const {
          state,
          message: said = "",
          lastRunRequest,
        } = (await get<River>("feed", "river", "-n", WORKLOADS)).status ?? {};
        if (state === wanted && lastRunRequest === request && message.test(said)) return true;
        throw new Error(`${lastRunRequest}: ${state}: ${said}`);
      });
    await apply({
      apiVersion: "feeds.ratesapp.dev/v1",
      kind: "Feed",
      metadata: { name: "river", namespace: WORKLOADS },
      spec: {
        schedule: "0 0 1 1 *",
        source: "s3://backups/no-deliveries-yet/",
        credentialsSecretName: "river-deliveries",
        environment: { AWS_ENDPOINT_URL_S3: store, AWS_REGION: "us-east-1" },
        backoffLimit: 0,
      },
    });
    await run("missing");
    await becomes("CannotStart", /secret "river-deliveries" not found/, "missing");
    await secret("not-the-key");
    await becomes("RunFailed", /may not be read/, "missing");
    await secret(CLUSTER_S3_SECRET_KEY);
    await run("rotated");
    await becomes("Ready", /Runs begin by the schedule/, "rotated");
    await kubectl(["-n", WORKLOADS, "delete", "feed/river", "secret/river-deliveries"]);
  });

  it("can be refreshed", async () => {
    figure("refresh", await stack.refresh(), "s");
  });
});
