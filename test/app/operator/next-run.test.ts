import { expect } from "chai";
import { nextRun } from "../../../app/operator/feed/next-run.js";

describe("the next run of a feed", () => {
  const after = new Date("2026-11-28T00:00:00Z");
  const next = (schedule: string, timeZone = "Etc/UTC") => nextRun({ schedule, timeZone }, after)?.toISOString();

  it("is told in UTC whatever the time zone of the schedule", () => {
    expect(next("*/15 * * * *")).to.equal("2026-11-28T00:15:00.000Z");
    expect(next("0 6 * * MON", "Asia/Tokyo")).to.equal("2026-11-29T21:00:00.000Z");
    expect(next("@midnight", "Europe/Paris")).to.equal("2026-11-28T23:00:00.000Z");
    expect(next("? 0 1 JAN *")).to.equal("2027-01-01T00:00:00.000Z");
  });

  it("counts from the last one where the schedule does", () => {
    expect(next("@every 1h30m")).to.equal("2026-11-28T01:30:00.000Z");
    expect(next("@every 45s")).to.equal("2026-11-28T00:00:45.000Z");
  });

  it("is none where there is none, or none that can be told", () => {
    expect(next("0 0 31 2 *")).to.equal(undefined);
  });
});
