import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { primaryOf } from "../../infra/access/primary.js";

const pod = (name: string, ready: boolean, deletionTimestamp?: string) => ({
  metadata: { name, ...(deletionTimestamp && { deletionTimestamp }) },
  status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
});

describe("the primary, as the Kubernetes API tells it", () => {
  let api: Server;
  let items: readonly object[];
  let asked: { url: string | undefined; authorization: string | undefined };

  before(async () => {
    api = createServer(({ url, headers: { authorization } }, response) => {
      asked = { url, authorization };
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ apiVersion: "v1", kind: "PodList", metadata: {}, items }));
    }).listen(0, "127.0.0.1");
    await once(api, "listening");
  });

  after(() => {
    api.closeAllConnections();
    api.close();
  });

  const find = () => {
    const server = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const kubeconfig = JSON.stringify({
      clusters: [{ name: "here", cluster: { server, "insecure-skip-tls-verify": true } }],
      users: [{ name: "me", user: { token: "a-token" } }],
      contexts: [{ name: "here", context: { cluster: "here", user: "me" } }],
    });
    return primaryOf({ kubeconfig, context: "here", namespace: "rates-database", cluster: "rates" }).find();
  };

  it("is the pod that is ready and stays", async () => {
    items = [pod("rates-1", true, "2026-11-27T12:00:00Z"), pod("rates-2", false), pod("rates-3", true)];
    expect(await find()).to.equal("rates-3");
    const { pathname, searchParams } = new URL(asked.url as string, "http://api");
    expect(pathname).to.equal("/api/v1/namespaces/rates-database/pods");
    expect(searchParams.get("labelSelector")).to.equal("cnpg.io/cluster=rates,cnpg.io/instanceRole=primary");
    expect(asked.authorization).to.equal("Bearer a-token");
  });

  it("finds no pod while the primary moves", async () => {
    items = [pod("rates-1", false)];
    expect(await find()).to.equal(undefined);
  });
});
