import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import pg from "pg";
import { PortForward } from "../../infra/access/port-forward.js";
import { primaryOf } from "../../infra/access/primary.js";
import { days } from "./deliveries/deliveries.js";
import { Oracle, type Rate } from "./deliveries/oracle.js";
import { deliveriesServer, idlePod } from "./helper-pods.js";
import { apply, exec, get, isReady, kubectl, node, type Pod, pods } from "./kubectl.js";
import { attempt, type Path, type Place } from "./paths.js";
import { IMAGE, stagingSettings, store } from "./settings.js";
import { Stack } from "./stack.js";
import { until } from "./until.js";

// One staging stack, from nothing to nothing, in the order in which a user would meet it. A test that fails ends the
// run and leaves the stack for inspection: RATESAPP_KEEP=1 also keeps it when all is well.

const STACK = "staging";
const WORKLOADS = `ratesapp-${STACK}`;
const DATABASE = `ratesapp-${STACK}-database`;
/** Of the test's own pods: outsiders to the stack. */
const OUTSIDE = "ratesapp-test";
const PRICES = 1_500_000;
const API = "app.kubernetes.io/component=api";

const oracle = new Oracle(PRICES);
const figures: string[] = [];
const figure = (what: string, value: number, unit: string, most?: number) => {
  figures.push(
    `${what}: ${value.toFixed(unit === "s" ? 1 : 0)} ${unit}${most === undefined ? "" : ` (at most ${most})`}`,
  );
  if (most !== undefined && process.env.RATESAPP_FIGURES === "hold") expect(value, what).to.be.at.most(most);
};

let stack: Stack;
let context: string;
let failed = false;

/** A statement on an instance, as its superuser from inside the pod. */
const psql = async (pod: string, statement: string): Promise<string> =>
  (await exec(DATABASE, pod, "postgres", "psql", "-XAtq", "-d", "ratesapp", "-c", statement)).trim();

const instances = async (role: "primary" | "replica"): Promise<string[]> =>
  (await pods(DATABASE, `cnpg.io/cluster=ratesapp,cnpg.io/instanceRole=${role}`)).map(({ metadata }) => metadata.name);

const primary = async (): Promise<string> =>
  until("there is one primary", 60_000, async () => {
    const names = await instances("primary");
    return names.length === 1 ? names[0] : undefined;
  });

const question = (origin: string, destination: string, from: string, to: string) =>
  `/rates?date_from=${from}&date_to=${to}&origin=${origin}&destination=${destination}`;

const questions: readonly [string, string, string, string][] = [
  ["XAAAA", "XAAAB", days[0] ?? "", days[5] ?? ""],
  ["side_0_coast_1", "XAAAZ", days[3] ?? "", days[39] ?? ""],
  ["world", "side_2", days[0] ?? "", days[39] ?? ""],
];

/** The answer to a question, asked in the cluster. */
async function ask(path: string): Promise<Rate[]> {
  const url = `http://ratesapp.${WORKLOADS}.svc${path}`;
  const text = await node(OUTSIDE, "outsider", "main", `console.log(await (await fetch("${url}")).text())`);
  return (JSON.parse(text) as { rates: Rate[] }).rates;
}

function expectRates(
  rates: readonly Rate[],
  [origin, destination, from, to]: readonly [string, string, string, string],
) {
  const expected = oracle.rates(origin, destination, from, to);
  expect(rates.map(({ count, day }) => ({ count, day }))).to.deep.equal(
    expected.map(({ count, day }) => ({ count, day })),
  );
  for (const [index, { price }] of expected.entries()) {
    if (price === null) expect(rates[index]?.price).to.equal(null);
    else expect(rates[index]?.price).to.be.closeTo(price, 1e-6);
  }
}

describe("a staging stack", () => {
  before(async () => {
    context = (await kubectl(["config", "current-context"])).trim();
    const crds = await get<{ items: { metadata: { name: string } }[] }>("crd");
    const monitored = crds.items.some(({ metadata }) => metadata.name === "podmonitors.monitoring.coreos.com");
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: OUTSIDE } });
    await apply(...deliveriesServer(IMAGE, OUTSIDE, PRICES), idlePod(IMAGE, OUTSIDE, "outsider", {}));
    stack = await Stack.create(STACK);
    stack.configure(stagingSettings(context, `http://deliveries.${OUTSIDE}.svc:8080/prices.csv`, monitored));
    if (store) {
      await stack.setSecret("backupCredentials.accessKeyId", process.env.CLUSTER_S3_ACCESS_KEY ?? "local");
      await stack.setSecret("backupCredentials.secretAccessKey", process.env.CLUSTER_S3_SECRET_KEY ?? "local-secret");
    }
  });

  afterEach(function () {
    failed ||= this.currentTest?.state === "failed";
  });

  after(async () => {
    for (const line of figures) console.log(`    ${line}`);
    if (!failed) await kubectl(["delete", "namespace", OUTSIDE, "--wait=false"]);
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
      async () => (await ask(question("world", "world", "2021-01-01", "2021-01-01"))).length === 1,
    );
    figure("up to a served /rates", seconds + (Date.now() - start) / 1000, "s", 240);
  });

  it("says how to reach it, and how the database is", async () => {
    const outputs = await stack.outputs();
    expect(outputs.databaseState).to.match(/^Cluster in healthy state, 3 of 3 ready, primary ratesapp-1/);
    expect(outputs.apiInCluster).to.equal(`http://ratesapp.${WORKLOADS}.svc`);
    expect(outputs.forwardApi).to.include(`-n ${WORKLOADS} port-forward svc/ratesapp 3000:80`);
    expect(outputs.forwardDatabase).to.include(`-n ${DATABASE} port-forward svc/ratesapp-rw`);
  });

  it("has API pods that are ready soon and small, each in its own zone", async () => {
    const found = await pods(WORKLOADS, API);
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
    const start = Date.now();
    await kubectl(["-n", WORKLOADS, "create", "job", job, "--from=cronjob/ratesapp-ingest-sea"]);
    const on = await primary();
    const workers = "SELECT count(DISTINCT worker) FROM pieces WHERE state = 'loading'";
    await until("two pods load at once", 120_000, async () => Number(await psql(on, workers)) >= 2, 100);
    const [victim] = (await pods(WORKLOADS, `job-name=${job}`)).filter(isReady);
    await kubectl(["-n", WORKLOADS, "delete", "pod", victim?.metadata.name ?? "", "--grace-period=0", "--force"]);
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
  });

  it("answers as the delivery says, through the Service", async () => {
    for (const asked of questions) {
      await until("what was published is seen", 10_000, async () => (await ask(question(...asked)))[0]?.count !== null);
      expectRates(await ask(question(...asked)), asked);
    }
  });

  it("answers through kubectl port-forward, the page too", async () => {
    const { forwardApi = "" } = await stack.outputs();
    const [command = "", ...args] = forwardApi.replace("3000:80", "13000:80").split(" ");
    const forward = spawn(command, args, { stdio: "ignore" });
    try {
      for (const asked of questions) {
        const response = await until("the port is open", 20_000, () =>
          fetch(`http://localhost:13000${question(...asked)}`),
        );
        expectRates(((await response.json()) as { rates: Rate[] }).rates, asked);
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
    const [pod] = (await pods(WORKLOADS, API)).filter(isReady);
    const script = `
      import pg from "pg";
      const url = new URL(process.env.DATABASE_READ_URL);
      url.host = "ratesapp-rw.${DATABASE}.svc:5432";
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      const codes = [];
      for (const statement of [
        "INSERT INTO dataset (version, changed_at) VALUES (9, now())", "UPDATE batches SET state = 'failed'",
        "DELETE FROM prices", "TRUNCATE prices", "SELECT ensure_month('2031-01-01')", "CREATE TABLE mine (id int)",
        "SELECT nextval('batch_sequence')", "SET ROLE ratesapp_owner",
      ]) codes.push(await client.query(statement).then(() => "allowed", (error) => error.code));
      codes.push((await client.query("SELECT count(*) FROM batches")).rows[0].count);
      console.log(JSON.stringify(codes));
      process.exit(0);`;
    // From /app, where the image has its modules.
    const codes = await kubectl(
      ["-n", WORKLOADS, "exec", "-i", pod?.metadata.name ?? "", "-c", "api", "--", "node", "--input-type=module", "-"],
      { input: script },
    );
    expect(JSON.parse(codes)).to.deep.equal([...Array.from({ length: 8 }, () => "42501"), "1"]);
  });

  it("compacts, as the role that ingests", async () => {
    await kubectl(["-n", WORKLOADS, "create", "job", "compaction-by-hand", "--from=cronjob/ratesapp-compaction"]);
    await kubectl(["-n", WORKLOADS, "wait", "--for=condition=complete", "job/compaction-by-hand", "--timeout=120s"]);
  });

  describe("its network", () => {
    const places = new Map<string, Place>();
    const addresses = new Map<string, string>();

    before(async () => {
      const stackLabels = { "app.kubernetes.io/name": "ratesapp", "app.kubernetes.io/instance": "ratesapp" };
      await apply(
        idlePod(IMAGE, WORKLOADS, "try-ingest", {
          ...stackLabels,
          "app.kubernetes.io/component": "ingest",
          "ratesapp/feed": "sea",
        }),
        idlePod(IMAGE, WORKLOADS, "try-stranger", {}),
        idlePod(IMAGE, DATABASE, "try-neighbour", {}),
      );
      for (const [namespace, name] of [
        [WORKLOADS, "try-ingest"],
        [WORKLOADS, "try-stranger"],
        [DATABASE, "try-neighbour"],
      ] as const) {
        await kubectl(["-n", namespace, "wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s"]);
        places.set(name, { namespace, pod: name, container: "main", by: "node" });
      }
      places.set("outsider", { namespace: OUTSIDE, pod: "outsider", container: "main", by: "node" });
      const add = (name: string, pod: Pod | undefined, namespace: string, container: string, by: Place["by"]) => {
        if (!pod) throw new Error(`there is no pod for ${name}`);
        places.set(name, { namespace, pod: pod.metadata.name, container, by });
        addresses.set(name, pod.status.podIP);
      };
      const [api] = (await pods(WORKLOADS, API)).filter(isReady);
      const [on, off] = [
        (await pods(DATABASE, "cnpg.io/instanceRole=primary"))[0],
        (await pods(DATABASE, "cnpg.io/instanceRole=replica"))[0],
      ];
      const [pooler] = (await pods(DATABASE, "cnpg.io/poolerName=ratesapp-pooler-ro")).filter(isReady);
      const [deliveries] = await pods(OUTSIDE, "ratesapp-test=deliveries");
      add("api", api, WORKLOADS, "api", "node");
      add("primary", on, DATABASE, "postgres", "bash");
      add("replica", off, DATABASE, "postgres", "bash");
      add("pooler", pooler, DATABASE, "pgbouncer", "bash");
      add("deliveries", deliveries, OUTSIDE, "main", "node");
      addresses.set(
        "kubernetes",
        (await get<{ spec: { clusterIP: string } }>("svc", "kubernetes", "-n", "default")).spec.clusterIP,
      );
      if (store) addresses.set("archive", new URL(store).hostname);
    });

    const archivePort = store ? Number(new URL(store).port || 443) : 0;
    const paths: Path[] = [
      { from: "outsider", to: "api", port: 3000, open: true },
      { from: "api", to: "pooler", port: 5432, open: true },
      { from: "api", to: "primary", port: 5432, open: true },
      { from: "try-ingest", to: "primary", port: 5432, open: true },
      { from: "try-ingest", to: "deliveries", port: 8080, open: true },
      { from: "pooler", to: "primary", port: 5432, open: true },
      { from: "pooler", to: "replica", port: 5432, open: true },
      { from: "pooler", to: "kubernetes", port: 443, open: true },
      { from: "primary", to: "replica", port: 5432, open: true },
      { from: "replica", to: "primary", port: 5432, open: true },
      { from: "replica", to: "primary", port: 8000, open: true },
      { from: "primary", to: "kubernetes", port: 443, open: true },

      { from: "outsider", to: "api", port: 9464, open: false },
      { from: "outsider", to: "pooler", port: 5432, open: false },
      { from: "outsider", to: "primary", port: 5432, open: false },
      { from: "outsider", to: "replica", port: 8000, open: false },
      { from: "outsider", to: "primary", port: 9187, open: false },
      { from: "outsider", to: "pooler", port: 9127, open: false },
      { from: "api", to: "primary", port: 8000, open: false },
      { from: "api", to: "primary", port: 9187, open: false },
      { from: "api", to: "deliveries", port: 8080, open: false },
      { from: "api", to: "kubernetes", port: 443, open: false },
      { from: "try-ingest", to: "pooler", port: 5432, open: false },
      { from: "try-ingest", to: "api", port: 9464, open: false },
      { from: "try-ingest", to: "kubernetes", port: 443, open: false },
      { from: "try-stranger", to: "pooler", port: 5432, open: false },
      { from: "try-stranger", to: "primary", port: 5432, open: false },
      { from: "try-neighbour", to: "primary", port: 5432, open: false },
      { from: "try-neighbour", to: "kubernetes", port: 443, open: false },
      { from: "pooler", to: "api", port: 3000, open: false },
      { from: "pooler", to: "deliveries", port: 8080, open: false },
      { from: "pooler", to: "primary", port: 8000, open: false },
      { from: "primary", to: "api", port: 3000, open: false },
      { from: "primary", to: "deliveries", port: 8080, open: false },
      { from: "primary", to: "pooler", port: 5432, open: false },
      ...(store
        ? [
            { from: "primary", to: "archive", port: archivePort, open: true },
            { from: "api", to: "archive", port: archivePort, open: false },
            { from: "pooler", to: "archive", port: archivePort, open: false },
          ]
        : []),
    ];
    for (const { from, open, port, to } of paths) {
      it(`${open ? "lets" : "keeps"} ${from} ${open ? "reach" : "from"} ${to}:${port}`, async () => {
        const { by, container, namespace, pod } = places.get(from) ?? expect.fail(from);
        const tried = await exec(namespace, pod, container, ...attempt(by, addresses.get(to) ?? expect.fail(to), port));
        expect(tried.trim()).to.equal(open ? "open" : "closed");
      });
    }

    for (const from of ["api", "try-ingest"]) {
      it(`lets ${from} ask for names`, async () => {
        const { container, namespace, pod } = places.get(from) ?? expect.fail(from);
        const script = `const { lookup } = await import("node:dns/promises"); await lookup("ratesapp-rw.${DATABASE}.svc.cluster.local");`;
        await node(namespace, pod, container, script);
      });
    }

    it("lets the operator reach every instance", async () => {
      const { status } = await get<{ status: { phase: string; readyInstances: number } }>(
        "cluster.postgresql.cnpg.io",
        "ratesapp",
        "-n",
        DATABASE,
      );
      expect(status).to.include({ phase: "Cluster in healthy state", readyInstances: 3 });
    });

    it("lets WAL and a base backup reach the archive", async function () {
      if (!store) this.skip();
      const on = await primary();
      await psql(on, "SELECT pg_switch_wal()");
      await until(
        "WAL is archived",
        60_000,
        async () =>
          (await psql(on, "SELECT archived_count > 0 AND last_failed_wal IS NULL FROM pg_stat_archiver")) === "t",
      );
      await until("the first backup is complete", 180_000, async () => {
        const { items } = await get<{ items: { status?: { phase?: string } }[] }>(
          "backups.postgresql.cnpg.io",
          "-n",
          DATABASE,
        );
        return items.some(({ status }) => status?.phase === "completed");
      });
    });

    it("lets Prometheus scrape every pod, if there is one", async function () {
      const [prometheus] = await pods("monitoring", "app.kubernetes.io/name=prometheus").catch(() => []);
      if (!prometheus) this.skip();
      const expected = (await pods(WORKLOADS, API)).length + (await pods(DATABASE, "cnpg.io/podRole")).length;
      const query = encodeURIComponent(`up{namespace=~"${WORKLOADS}|${DATABASE}"}`);
      const path = `/api/v1/namespaces/monitoring/pods/${prometheus.metadata.name}:9090/proxy/api/v1/query?query=${query}`;
      await until(
        `${expected} targets are up`,
        90_000,
        async () => {
          const { data } = JSON.parse(await kubectl(["get", "--raw", path])) as {
            data: { result: { value: [number, string] }[] };
          };
          return data.result.length >= expected && data.result.every(({ value }) => value[1] === "1");
        },
        2000,
      );
    });

    after(async () => {
      await kubectl([
        "-n",
        WORKLOADS,
        "delete",
        "pod",
        "try-ingest",
        "try-stranger",
        "--ignore-not-found",
        "--wait=false",
      ]);
      await kubectl(["-n", DATABASE, "delete", "pod", "try-neighbour", "--ignore-not-found", "--wait=false"]);
    });
  });

  it("scales up under load, and down after", async () => {
    const replicas = async () =>
      (await get<{ spec: { replicas: number } }>("deployment", "ratesapp-api", "-n", WORKLOADS)).spec.replicas;
    expect(await replicas()).to.equal(2);
    const start = Date.now();
    const load = node(
      OUTSIDE,
      "outsider",
      "main",
      `
      const days = ${JSON.stringify(days)};
      const until = Date.now() + 120_000;
      const one = async () => {
        while (Date.now() < until) {
          const from = days[Math.floor(Math.random() * 20)], to = days[20 + Math.floor(Math.random() * 20)];
          const path = "/rates?origin=side_0&destination=world&date_from=" + from + "&date_to=" + to + "&x=" + Math.random();
          await fetch("http://ratesapp.${WORKLOADS}.svc" + path).then((r) => r.text()).catch(() => {});
        }
      };
      process.on("SIGTERM", () => process.exit(0));
      await Promise.all(Array.from({ length: 12 }, one));`,
    ).catch(() => "");
    await until("there are more pods", 120_000, async () => (await replicas()) > 2);
    figure("pods added after the load began", (Date.now() - start) / 1000, "s");
    await kubectl([
      "-n",
      OUTSIDE,
      "exec",
      "outsider",
      "--",
      "node",
      "-e",
      `
      const fs = require("node:fs");
      for (const pid of fs.readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name) && name !== "1" && Number(name) !== process.pid)) {
        try { if (fs.readFileSync("/proc/" + pid + "/cmdline", "utf8").includes("Promise.all")) process.kill(Number(pid)); } catch {}
      }`,
    ]);
    await load;
    const quiet = Date.now();
    await until("there are two pods again", 240_000, async () => (await replicas()) === 2, 2000);
    figure("pods removed after it ended", (Date.now() - quiet) / 1000, "s");
  });

  it("changes nothing when it is applied again", async () => {
    figure("up without a change", await stack.up("--expect-no-changes"), "s");
  });

  it("keeps no password in plain text", async () => {
    const secrets = await get<{ items: { metadata: { name: string }; data?: Record<string, string> }[] }>(
      "secrets",
      "-n",
      WORKLOADS,
    );
    const passwords = secrets.items.flatMap(({ data }) =>
      Object.values(data ?? {})
        .map((value) => Buffer.from(value, "base64").toString())
        .filter((value) => value.startsWith("postgresql://"))
        .map((url) => new URL(url).password),
    );
    const { data } = await get<{ data: { password: string } }>("secret", "ratesapp-admin", "-n", DATABASE);
    passwords.push(Buffer.from(data.password, "base64").toString());
    expect(passwords).to.have.lengthOf(5);
    const stored = await stack.stored();
    const outputs = JSON.stringify(await stack.outputs());
    for (const password of passwords) {
      expect(password).to.have.lengthOf(32);
      expect(stored.includes(password)).to.equal(false);
      expect(stored.includes(Buffer.from(password).toString("base64"))).to.equal(false);
      expect(outputs.includes(password)).to.equal(false);
    }
  });

  it("gives every role a new password while requests go on, none of which fails", async () => {
    const script = `
      const until = Date.now() + 600_000;
      let good = 0; const bad = [];
      process.stdin.on("data", () => { console.log(JSON.stringify({ good, bad })); process.exit(0); });
      while (Date.now() < until) {
        await fetch("http://ratesapp.${WORKLOADS}.svc/rates?origin=XAAAA&destination=world&date_from=2021-01-01&date_to=2021-01-09&x=" + Math.random(), { signal: AbortSignal.timeout(6000) })
          .then((response) => response.ok ? good++ : bad.push(response.status), (error) => bad.push(String(error.cause ?? error)));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }`;
    const requests = spawn("kubectl", [
      "-n",
      OUTSIDE,
      "exec",
      "-i",
      "outsider",
      "--",
      "node",
      "--input-type=module",
      "-e",
      script,
    ]);
    let answer = "";
    requests.stdout.on("data", (data) => {
      answer += data;
    });
    await sleep(2000);
    const urlOf = async (purpose: string) => {
      const { data } = await get<{ data: { url: string } }>("secret", `ratesapp-database-${purpose}`, "-n", WORKLOADS);
      return new URL(Buffer.from(data.url, "base64").toString());
    };
    const before = await urlOf("api");
    stack.configure({ access: { passwordGeneration: 2 } });
    figure("up with one setting changed (every password)", await stack.up(), "s", 40);
    const after = await urlOf("api");
    expect([before.username, after.username]).to.deep.equal(["ratesapp_api_a", "ratesapp_api_b"]);
    await until("the last old pod is gone", 90_000, async () => {
      const found = await pods(WORKLOADS, API);
      return found.length === 2 && found.every(isReady);
    });
    requests.stdin.write("\n");
    await once(requests, "close");
    const { bad, good } = JSON.parse(answer) as { good: number; bad: unknown[] };
    expect(bad).to.deep.equal([]);
    expect(good).to.be.above(100);
    const sessions =
      "SELECT DISTINCT usename FROM pg_stat_activity WHERE usename ~ '^ratesapp_(api|ingest)_[ab]' AND state IS NOT NULL";
    const [replica = ""] = await instances("replica");
    expect(await psql(replica, `${sessions} AND usename ~ 'api_b'`)).to.equal("ratesapp_api_b");
    // Whoever still holds the password before is not locked out.
    const [pod] = (await pods(WORKLOADS, API)).filter(isReady);
    const old = `import pg from "pg"; const c = new pg.Client({ connectionString: process.argv[2] }); await c.connect(); console.log((await c.query("SELECT 1 AS one")).rows[0].one); process.exit(0);`;
    const one = await kubectl(
      [
        "-n",
        WORKLOADS,
        "exec",
        "-i",
        pod?.metadata.name ?? "",
        "-c",
        "api",
        "--",
        "node",
        "--input-type=module",
        "-",
        before.href,
      ],
      { input: old },
    );
    expect(one.trim()).to.equal("1");
  });

  it("reaches the new primary through the same port when the old one is gone", async () => {
    const forward = await PortForward.open({
      ...primaryOf({ kubeconfig: undefined, context, namespace: DATABASE, cluster: "ratesapp" }),
      localPort: 0,
    });
    const { data } = await get<{ data: { password: string } }>("secret", "ratesapp-admin", "-n", DATABASE);
    const connect = async () => {
      const client = new pg.Client({
        host: "127.0.0.1",
        port: forward.port,
        user: "postgres",
        password: Buffer.from(data.password, "base64").toString(),
        database: "ratesapp",
        ssl: { rejectUnauthorized: false },
        connectionTimeoutMillis: 60_000,
      });
      client.on("error", () => {});
      await client.connect();
      return client;
    };
    try {
      const before = await connect();
      const who =
        "SELECT current_setting('cluster_name') || ' ' || pg_is_in_recovery() AS who, pg_postmaster_start_time()::text AS since";
      const {
        rows: [first],
      } = await before.query(who);
      expect(first.who).to.equal("ratesapp false");
      const old = await primary();
      const start = Date.now();
      const cut = once(before, "end");
      await kubectl(["-n", DATABASE, "delete", "pod", old, "--wait=false"]);
      await cut;
      const after = await until("the new primary takes writes", 120_000, async () => {
        const client = await connect();
        await client.query("CREATE TEMPORARY TABLE written (id int)");
        return client;
      });
      figure("writes through the port-forward after the primary's pod was deleted", (Date.now() - start) / 1000, "s");
      const {
        rows: [second],
      } = await after.query(who);
      expect(second.since).to.not.equal(first.since);
      await after.end();
      expect(await primary()).to.not.equal(old);
    } finally {
      await forward.close();
    }
    await until("all three are healthy again", 180_000, async () => {
      const { status } = await get<{ status: { phase: string; readyInstances: number } }>(
        "cluster.postgresql.cnpg.io",
        "ratesapp",
        "-n",
        DATABASE,
      );
      return status.readyInstances === 3 && status.phase === "Cluster in healthy state";
    });
  });

  it("can be refreshed", async () => {
    figure("refresh", await stack.refresh(), "s");
  });

  it("is gone with destroy, and leaves nothing behind", async function () {
    if (process.env.RATESAPP_KEEP === "1") this.skip();
    figure("destroy", await stack.destroy(), "s", 120);
    const left = await kubectl([
      "get",
      "namespaces,persistentvolumes,clusterroles,clusterrolebindings,crds",
      "-o",
      "name",
    ]);
    const ours = /ratesapp-staging|cnpg|cloudnative-pg|argo/;
    expect(left.split("\n").filter((name) => ours.test(name))).to.deep.equal([]);
    const volumes = await get<{ items: { spec: { claimRef?: { namespace: string } } }[] }>("persistentvolumes");
    expect(volumes.items.filter(({ spec }) => spec.claimRef?.namespace.startsWith("ratesapp-staging"))).to.deep.equal(
      [],
    );
  });
});

describe("a production stack", () => {
  it("plans without error on an empty cluster", async () => {
    const production = await Stack.create("prod");
    const context = (await kubectl(["config", "current-context"])).trim();
    const { platform } = stagingSettings(context, "http://deliveries.example/", true) as { platform: object };
    production.configure({
      environment: "prod",
      image: IMAGE,
      cluster: { context },
      platform,
      database: { backups: { destination: "s3://backups/", method: "in-tree" } },
    });
    expect(await production.preview()).to.match(/\d+ to create/);
  });
});
