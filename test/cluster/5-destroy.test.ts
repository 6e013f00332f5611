import { expect } from "chai";
import { figure } from "./figures.js";
import { get, kubectl } from "./kubectl.js";
import { staging } from "./staging.js";

describe("a staging stack at its end", () => {
  it("is gone with destroy, and leaves nothing behind", async function () {
    if (process.env.RATESAPP_KEEP === "1") this.skip();
    figure("destroy", await (await staging()).destroy(), "s", 120);
    const kinds =
      "namespaces,persistentvolumes,clusterroles,clusterrolebindings,crds,mutatingwebhookconfigurations,validatingwebhookconfigurations";
    const left = (await kubectl(["get", kinds, "-o", "name"])).split("\n");
    expect(
      left.filter((name) => /ratesapp-staging|cnpg|cloudnative-pg|argo|barman|cert-?manager/.test(name)),
    ).to.deep.equal([]);
    type Volumes = { items: { spec: { claimRef?: { namespace: string } } }[] };
    const { items } = await get<Volumes>("persistentvolumes");
    expect(items.filter(({ spec }) => spec.claimRef?.namespace.startsWith("ratesapp-staging"))).to.deep.equal([]);
  });
});
