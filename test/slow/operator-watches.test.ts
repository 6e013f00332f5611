import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { feedDefinition } from "../../app/operator/feed/feed-definition.js";
import { resources } from "../../app/operator/kubernetes/kubernetes-api.js";
import type { CronJob, KubernetesObject } from "../../app/operator/kubernetes/objects.js";
import { applyFeed, condition, type RunningOperator, readFeed, startOperator } from "../cluster/feeds/operators.js";
import { ApiServer, skipWithoutApiServer } from "../kit/api-server.js";
import { useDatabase } from "../kit/database.js";
import { TcpProxy } from "../kit/tcp-proxy.js";
import { until } from "../kit/until.js";

const SLOW = { timeoutMs: 60_000, everyMs: 100 };
/** After this long, the client library takes a watch for lost by itself. */
const LIBRARY_MS = 30_000;

describe("the watches of the operator", function () {
  this.timeout(240_000);
  const test = useDatabase();
  const kubeconfig = process.env.KUBECONFIG;
  let server: ApiServer;
  let proxy: TcpProxy;
  let operator: RunningOperator;

  before(async function () {
    skipWithoutApiServer(this);
    server = await ApiServer.start();
    const { cluster } = server;
    await cluster.apply({ apiVersion: "v1", kind: "Namespace", plural: "namespaces" }, { metadata: { name: "rates" } });
    await cluster.apply(
      { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", plural: "customresourcedefinitions" },
      feedDefinition() as unknown as KubernetesObject,
    );
    await until("feeds are known", () => server.api("rates", "test").list(resources.feeds), SLOW);
    const config = readFileSync(server.kubeconfig, "utf8");
    const address = /https:[^"]+/.exec(config)?.[0] ?? "";
    proxy = await TcpProxy.start(address);
    process.env.KUBECONFIG = `${server.kubeconfig}-proxy`;
    writeFileSync(process.env.KUBECONFIG, config.replace(address, proxy.url(address).replace(/\/$/, "")));
    operator = startOperator("rates", test.url);
    await applyFeed(server.api("rates", "test"), "asia");
    await becomesReady("asia");
  });
  after(async () => {
    await operator?.stop();
    await proxy?.stop();
    if (kubeconfig === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = kubeconfig;
    await server?.close();
  });

  const becomesReady = (name: string) =>
    until(
      `${name} is ready`,
      async () => condition(await readFeed(server.api("rates", "test"), name), "Ready").startsWith("Ready=True"),
      SLOW,
    );

  it("last while nothing happens, so that an operator at rest makes no connections, and still hear", async () => {
    const before = proxy.accepted;
    await sleep(LIBRARY_MS + 5_000);
    expect(proxy.accepted).to.equal(before);
    await applyFeed(server.api("rates", "test"), "air");
    await becomesReady("air");
  });

  it("begin again after a network that swallowed all bytes, though their connections never end", async () => {
    const api = server.api("rates", "test");
    proxy.stall();
    await until("it no longer leads", () => operator.lines.some((line) => line.includes("no longer leads")), SLOW);
    await proxy.pass();
    await api.patch(resources.cronJobs, "ratesapp-ingest-asia", "merge", { spec: { schedule: "* * * * *" } });
    const schedule = async () => (await api.get<CronJob>(resources.cronJobs, "ratesapp-ingest-asia")).spec.schedule;
    await until("the edit is put right", async () => (await schedule()) === "0 0 1 1 *", SLOW);
  });
});
