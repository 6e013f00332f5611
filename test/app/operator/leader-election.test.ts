import { expect } from "chai";
import type { KubernetesApi } from "../../../app/operator/kubernetes/kubernetes-api.js";
import { LeaderElection } from "../../../app/operator/kubernetes/leader-election.js";
import type { KubernetesObject } from "../../../app/operator/kubernetes/objects.js";

type Lease = KubernetesObject & { readonly spec: { readonly holderIdentity?: string } };

describe("a leader", () => {
  it("whose work ends gives the Lease up, so that another may lead, and tries again later", async () => {
    const holders: (string | undefined)[] = [];
    let lease: Lease = { metadata: { name: "operator", resourceVersion: "1" }, spec: {} };
    const api = {
      get: async () => lease,
      replace: async (_resource: unknown, object: Lease) => {
        holders.push(object.spec.holderIdentity);
        lease = object;
        return lease;
      },
    } as unknown as KubernetesApi;
    const stop = new AbortController();
    const starts: string[] = [];
    const election = new LeaderElection(api, {
      name: "operator",
      identity: "this",
      log: { info() {}, warn() {} },
      lead: async () => {
        starts.push(holders.join());
        if (starts.length === 2) stop.abort();
        else if (starts.length === 1) throw new Error("a watch did not start");
      },
    });
    await election.run(stop.signal);
    expect(starts).to.deep.equal(["this", "this,,this"]);
    expect(holders.at(-1)).to.equal("");
    expect(election.leading).to.equal(false);
  }).timeout(10_000);
});
