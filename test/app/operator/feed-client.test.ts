import { expect } from "chai";
import type { Condition, FeedStatus } from "../../../app/operator/feed/feed-status.js";
import { runFeed } from "../../../app/operator/feed-client.js";
import type { KubernetesApi } from "../../../app/operator/kubernetes/kubernetes-api.js";

const said = (type: Condition["type"], status: Condition["status"], reason: string): Condition => ({
  type,
  status,
  reason,
  message: `it is ${reason}`,
  lastTransitionTime: "2026-11-28T00:00:00Z",
});
const running = [said("Ready", "True", "Scheduled"), said("Ingesting", "True", "Running")];
const ready = said("Ready", "True", "Scheduled");
const idle = said("Ingesting", "False", "Idle");

/** Follows a run of a Feed whose status says these one after the other, once the run was asked for. */
async function follow(...statuses: Partial<FeedStatus>[]) {
  let request: string | undefined;
  const api = {
    get: async () => ({
      metadata: { name: "asia" },
      status: request && { lastRunRequest: request, ...(statuses.length > 1 ? statuses.shift() : statuses[0]) },
    }),
    patch: async (_resource: unknown, _name: string, _kind: string, patch: { metadata: { annotations: object } }) => {
      [request] = Object.values(patch.metadata.annotations);
    },
  } as unknown as KubernetesApi;
  const ended: number[] = [];
  const runs: string[] = [];
  const watcher = {
    onProgress: async () => {},
    onRun: ({ message }: Condition) => void runs.push(message),
    onEnd: async ({ id }: { id: number }) => void ended.push(id),
  };
  const failure = await runFeed(api, "asia", watcher, AbortSignal.timeout(10_000));
  return { failure, ended, runs };
}

describe("a run of a Feed on request", () => {
  it("is followed to its end, with each batch that it ended", async () => {
    const batch = { id: 7, source: "a", state: "published", rows: 1, badRows: 0, createdAt: "" } as const;
    const end = { conditions: [ready, idle, said("LastBatchSucceeded", "True", "Published")], batches: [batch] };
    const again = [ready, said("Ingesting", "True", "Retrying")];
    expect(await follow(...[running, running, again, again].map((conditions) => ({ conditions })), end)).to.deep.equal({
      failure: undefined,
      ended: [7],
      runs: ["it is Running", "it is Retrying"],
    });
  });

  it("has failed while nothing is known of its batches", async () => {
    const end = { conditions: [ready, idle, said("LastBatchSucceeded", "Unknown", "DatabaseAway")] };
    expect((await follow(end)).failure).to.deep.equal({ message: "it is DatabaseAway", badDelivery: false });
  });

  it("tells a delivery at fault, even without a batch, from a run that failed", async () => {
    const delivery = { conditions: [ready, said("Ingesting", "False", "DeliveryFailed")] };
    expect((await follow(delivery)).failure).to.deep.equal({ message: "it is DeliveryFailed", badDelivery: true });
    const run = { conditions: [said("Ready", "False", "RunFailed"), idle] };
    expect((await follow(run)).failure).to.deep.equal({ message: "it is RunFailed", badDelivery: false });
  });
});
