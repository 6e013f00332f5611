import { expect } from "chai";
import { idlePod } from "./helper-pods.js";
import { apply, exec, get, isReady, kubectl, node, type Pod, pods } from "./kubectl.js";
import { attempt, type Path, type Place } from "./paths.js";
import { IMAGE, store } from "./settings.js";
import { API_PODS, DATABASE, databaseStatus, OUTSIDE, primary, psql, WORKLOADS } from "./staging.js";
import { until } from "./until.js";

const AT_ONCE = 6;
/** On a busy machine. */
const SECONDS_TO_OPEN = 10;
const SECONDS_TO_GIVE_UP = 2;

describe("the network of a staging stack", () => {
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
    const [api] = (await pods(WORKLOADS, API_PODS)).filter(isReady);
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
    tryAll();
  });

  const archivePort = store ? Number(new URL(store).port || 443) : 0;
  const paths: Path[] = [
    { from: "outsider", to: "api", port: 3000, open: true },
    { from: "api", to: "pooler", port: 5432, open: true },
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
    // It has no write tokens.
    { from: "api", to: "primary", port: 5432, open: false },
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
  const tryPath = async ({ from, open, port, to }: Path): Promise<string> => {
    const { by, container, namespace, pod } = places.get(from) ?? expect.fail(from);
    const command = attempt(
      by,
      addresses.get(to) ?? expect.fail(to),
      port,
      open ? SECONDS_TO_OPEN : SECONDS_TO_GIVE_UP,
    );
    return (await exec(namespace, pod, container, ...command)).trim();
  };
  const tried = new Map<Path, Promise<string>>();
  // A closed path takes seconds to find out, most of them waiting: a few are tried at once.
  const tryAll = () => {
    let turns: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
    for (const path of paths) {
      const [turn = Promise.resolve(), ...others] = turns;
      const answer = turn.then(() => tryPath(path));
      tried.set(path, answer);
      turns = [...others, answer.catch(() => {})];
    }
  };
  for (const path of paths) {
    const { from, open, port, to } = path;
    it(`${open ? "lets" : "keeps"} ${from} ${open ? "reach" : "from"} ${to}:${port}`, async () => {
      expect(await tried.get(path)).to.equal(open ? "open" : "closed");
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
    expect(await databaseStatus()).to.include({ phase: "Cluster in healthy state", readyInstances: 3 });
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
    const expected = (await pods(WORKLOADS, API_PODS)).length + (await pods(DATABASE, "cnpg.io/podRole")).length;
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
