import { spawn } from "node:child_process";
import { expect } from "chai";
import type { CommandError } from "./command.js";
import type { Rate } from "./deliveries/oracle.js";
import { figure } from "./figures.js";
import { exec, get, kubectl, pods, program } from "./kubectl.js";
import type { Stack } from "./stack.js";
import {
  API_PODS,
  ask,
  DATABASE,
  databaseUrl,
  expectRates,
  instances,
  PRICES,
  pathOf,
  primary,
  psql,
  questions,
  staging,
  WORKLOADS,
} from "./staging.js";
import { until } from "./until.js";

describe("a staging stack", () => {
  let stack: Stack;
  before(async () => {
    stack = await staging();
  });

  it("can be previewed on a cluster without any of it", async () => {
    expect(await stack.preview()).to.match(/\d+ to create/);
  });

  it("comes up, with places, and answers", async () => {
    const seconds = await stack.up();
    const start = Date.now();
    await until(
      "the API answers",
      60_000,
      async () => (await ask(["world", "world", "2021-01-01", "2021-01-01"])).length === 1,
    );
    figure("up to a served /rates", seconds + (Date.now() - start) / 1000, "s", 300);
  });

  it("says how to reach it, and how the database is", async () => {
    const outputs = await stack.outputs();
    expect(outputs.databaseState).to.match(/^Cluster in healthy state, 3 of 3 ready, primary ratesapp-1/);
    expect(outputs.apiInCluster).to.equal(`http://ratesapp.${WORKLOADS}.svc`);
    expect(outputs.forwardApi).to.include(`-n ${WORKLOADS} port-forward svc/ratesapp 3000:80`);
    expect(outputs.forwardDatabase).to.include(`-n ${DATABASE} port-forward svc/ratesapp-rw`);
  });

  it("has API pods that are ready soon and small, each in its own zone", async () => {
    const found = await pods(WORKLOADS, API_PODS);
    const zones = await Promise.all(
      found.map(async ({ spec }) => {
        const { metadata } = await get<{ metadata: { labels: Record<string, string> } }>("node", spec.nodeName);
        return metadata.labels["topology.kubernetes.io/zone"];
      }),
    );
    expect(new Set(zones).size).to.equal(zones.length);
    for (const { status } of found) {
      const started = status.containerStatuses?.find(({ name }) => name === "api")?.state.running?.startedAt ?? "";
      const ready = status.conditions.find(({ type }) => type === "Ready")?.lastTransitionTime ?? "";
      figure("API pod from start to ready", (Date.parse(ready) - Date.parse(started)) / 1000, "s", 5);
    }
    const [pod] = found;
    const resident = await exec(
      WORKLOADS,
      pod?.metadata.name ?? "",
      "api",
      "node",
      "-p",
      `
      require("node:fs").readFileSync("/proc/1/status", "utf8").match(/VmRSS:\\s+(\\d+)/)[1]`,
    );
    figure("API pod's resident memory", Number(resident) / 1024, "MiB", 150);
  });

  it("migrated the database as its owner's group, whichever login did it", async () => {
    const owners = await psql(await primary(), "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'");
    expect(owners).to.equal("ratesapp_owner");
  });

  it("ingests by the CronJob with parallel pods, and does without one that is killed", async () => {
    const job = "sea-by-hand";
    await kubectl(["-n", WORKLOADS, "wait", "--for=condition=Ready", "feed/sea", "--timeout=60s"]);
    const start = Date.now();
    await kubectl(["-n", WORKLOADS, "create", "job", job, "--from=cronjob/ratesapp-ingest-sea"]);
    const on = await primary();
    const workers = "SELECT DISTINCT split_part(worker, ':', 1) FROM pieces WHERE state = 'loading'";
    const victim = await until(
      "two pods load at once",
      120_000,
      async () => {
        const loading = (await psql(on, workers)).split("\n").filter(Boolean);
        return loading.length >= 2 && loading[0];
      },
      50,
    );
    await kubectl(["-n", WORKLOADS, "delete", "pod", victim, "--grace-period=0", "--force"]);
    await until("the batch is published", 300_000, async () => {
      const state = await psql(on, "SELECT state FROM batches");
      if (state === "failed") throw new Error(await psql(on, "SELECT failure FROM batches"));
      return state === "published";
    });
    figure(`${PRICES} prices ingested and published, a pod lost`, (Date.now() - start) / 1000, "s");
    expect(await psql(on, "SELECT count(*) FROM prices")).to.equal(String(PRICES));
    await until("the job is complete", 120_000, async () => {
      const { status } = await get<{ status: { succeeded?: number } }>("job", job, "-n", WORKLOADS);
      return (status.succeeded ?? 0) >= 3;
    });
    type Feed = { status: { state: string; batches: { state: string; rows: number }[] } };
    await until("the feed tells it", 10_000, async () => {
      const { status } = await get<Feed>("feed", "sea", "-n", WORKLOADS);
      return status.batches[0]?.state === "published" && status.batches[0].rows === PRICES;
    });
  });

  it("tells Prometheus from its API pods what was ingested by pods that are gone", async () => {
    const [pod] = await pods(WORKLOADS, API_PODS);
    const scrape = `console.log(await (await fetch("http://127.0.0.1:9464/metrics")).text())`;
    await until("it is told", 10_000, async () =>
      (await program(WORKLOADS, pod?.metadata.name ?? "", "api", scrape))
        .split("\n")
        .includes(`ratesapp_ingest_rows_total{feed="sea"} ${PRICES}`),
    );
  });

  it("answers as the delivery says, through the Service", async () => {
    for (const question of questions) {
      await until("what was published is seen", 10_000, async () => (await ask(question))[0]?.count !== null);
      expectRates(await ask(question), question);
    }
  });

  it("answers through kubectl port-forward, the page too", async () => {
    const { forwardApi = "" } = await stack.outputs();
    const [command = "", ...args] = forwardApi.replace("3000:80", "13000:80").split(" ");
    const forward = spawn(command, args, { stdio: "ignore" });
    try {
      for (const question of questions) {
        const response = await until("the port is open", 20_000, () =>
          fetch(`http://localhost:13000${pathOf(question)}`),
        );
        expectRates(((await response.json()) as { rates: Rate[] }).rates, question);
      }
      expect(await (await fetch("http://localhost:13000/")).text()).to.include("<title>");
    } finally {
      forward.kill();
    }
  });

  it("reads from replicas alone", async () => {
    const sessions =
      "SELECT count(*) FROM pg_stat_activity WHERE usename ~ '^ratesapp_api_' AND backend_type = 'client backend'";
    const replicas = await instances("replica");
    const there = await Promise.all(replicas.map(async (pod) => Number(await psql(pod, sessions))));
    expect(replicas).to.have.lengthOf(2);
    expect(there.reduce((sum, count) => sum + count, 0)).to.be.above(0);
    expect(await psql(await primary(), sessions)).to.equal("0");
  });

  it("lets the API's role write nothing, on the primary either", async () => {
    // From inside of the instance: policies keep the API's pods away from it.
    const url = await databaseUrl("api");
    url.host = "127.0.0.1:5432";
    url.search = "?sslmode=require";
    const instance = await primary();
    const ask = (statement: string) =>
      exec(DATABASE, instance, "postgres", "psql", "-XAtq", "-v", "VERBOSITY=sqlstate", url.href, "-c", statement).then(
        (said) => said.trim() || "allowed",
        (error: CommandError) => /ERROR: +(\w+)/.exec(error.output)?.[1] ?? error.output,
      );
    const codes: string[] = [];
    for (const statement of [
      "INSERT INTO dataset (version, changed_at) VALUES (9, now())",
      "UPDATE batches SET state = 'failed'",
      "DELETE FROM prices",
      "TRUNCATE prices",
      "SELECT ensure_month('2031-01-01')",
      "CREATE TABLE mine (id int)",
      "SELECT nextval('batch_sequence')",
      "SET ROLE ratesapp_owner",
      "SELECT count(*) FROM batches",
    ]) {
      codes.push(await ask(statement));
    }
    expect(codes).to.deep.equal([...Array.from({ length: 8 }, () => "42501"), "1"]);
  });

  it("compacts, as the role that ingests", async () => {
    await kubectl(["-n", WORKLOADS, "create", "job", "compaction-by-hand", "--from=cronjob/ratesapp-compaction"]);
    await kubectl(["-n", WORKLOADS, "wait", "--for=condition=complete", "job/compaction-by-hand", "--timeout=120s"]);
  });
});
