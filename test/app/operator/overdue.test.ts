import { expect } from "chai";
import type { Feed } from "../../../app/operator/feed/feed.js";
import { feedSpec } from "../../../app/operator/feed/feed-spec.js";
import type { Condition } from "../../../app/operator/feed/feed-status.js";
import { keptCronJob } from "../../../app/operator/kept.js";
import type { KnownCronJob } from "../../../app/operator/kubernetes/objects.js";
import { overdueSeconds } from "../../../app/operator/status/overdue.js";

const NOW = new Date("2026-11-28T06:10:00Z");

function overdue(
  lastSuccessfulTime: string | undefined,
  { status, metadata, ...spec }: Partial<Feed["spec"]> & Pick<Partial<Feed>, "metadata" | "status"> = {},
): number {
  const feed: Feed = {
    metadata: { name: "asia", ...metadata },
    spec: { ...feedSpec.parse({ schedule: "0 * * * *", source: "s3://deliveries/asia/" }), ...spec },
    ...(status && { status }),
  };
  const cronJob: KnownCronJob = {
    metadata: { name: "asia", creationTimestamp: "2026-11-28T04:30:00Z" },
    status: { lastScheduleTime: "2026-11-28T06:00:00Z", ...(lastSuccessfulTime && { lastSuccessfulTime }) },
  };
  return overdueSeconds(feed, keptCronJob(cronJob), NOW);
}

describe("how long a feed is overdue", () => {
  it("is counted from the first run that was due and did not end well, by any schedule", () => {
    expect(overdue("2026-11-28T06:05:00Z")).to.equal(0);
    expect(overdue("2026-11-28T05:03:00Z")).to.equal(600);
    expect(overdue("2026-11-28T02:03:00Z")).to.equal(3 * 3600 + 600);
    expect(overdue("2026-11-21T06:03:00Z", { schedule: "0 6 * * 6" })).to.equal(600);
    expect(overdue("2026-11-27T06:03:00Z", { schedule: "0 6 * * 1-5" })).to.equal(0);
  });

  it("is counted from the first run of a feed that never had a good one", () => {
    expect(overdue(undefined)).to.equal(3600 + 600);
  });

  it("is nothing for a feed that is suspended or goes away, and none of the time before its schedule was in force", () => {
    expect(overdue("2026-11-28T02:03:00Z", { suspend: true })).to.equal(0);
    const metadata = { name: "asia", deletionTimestamp: "2026-11-28T06:00:00Z" };
    expect(overdue("2026-11-28T02:03:00Z", { metadata })).to.equal(0);
    expect(overdue("2026-11-01T02:03:00Z", { status: { inForceSince: "2026-11-28T05:50:00Z" } })).to.equal(600);
  });

  it("is counted for a feed that cannot have a CronJob, too", () => {
    const ready = { type: "Ready", status: "False", lastTransitionTime: "2026-11-28T03:30:00Z" } as Condition;
    const feed: Feed = {
      metadata: { name: "asia" },
      spec: feedSpec.parse({ schedule: "0 * * * *", source: "s3://deliveries/asia/" }),
      status: { conditions: [ready] },
    };
    expect(overdueSeconds(feed, undefined, NOW)).to.equal(2 * 3600 + 600);
  });
});
