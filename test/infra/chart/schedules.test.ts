import { expect } from "chai";
import fc from "fast-check";
import type { z } from "zod";
import { backupSchedule, schedule, timeZone } from "../../../infra/settings/schedule.js";
import { HelmError, render, skipWithoutHelm } from "./helm.js";

/** As robfig/cron 3.0.1 judges them, with which the API server of Kubernetes 1.34 checks CronJobs. */
const taken = [
  ...["* * * * *", "? ? ? ? ?", "0 3 * * 0", "59 23 31 12 6", "0 0 1 1 0", "00 03 01 01 00", " 5\t4  * *\u00a0* "],
  ...["*/15 6-18 * * 1,2", "5-5 * * * *", "0-59/1 * * * *", "7/10 * * * *", "*/90 * * * *", "1,2,3-9/2,*/7 0 * * *"],
  ...["0 0 * JAN-dec Sun-SAT", "0 0 * feb,Mar/2 mon/3", "0 0 1-31/31 2 *", "0 0 29 2 *", "0 0 31 4,5 *", "0 0 31 2 1"],
  ...["0 0 30 2 */2", "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"],
  ...["@every 90m", "@every 1h30m", "@every 24h", "@every 5m3s"],
];
const refused = [
  ...["0 3 * * 7", "0 3 0 * *", "*/0 * * * *", "99 * * * *", "a b c d e", "", " ", "* * * *", "* * * * * *", "often"],
  ...[
    "60 * * * *",
    "0 24 * * *",
    "0 0 32 * *",
    "0 0 * 13 *",
    "0 0 * 0 *",
    "-1 * * * *",
    "1.5 * * * *",
    "0 0 * * SUNDAY",
  ],
  ...[
    "9-5 * * * *",
    "0 0 * * SAT-SUN",
    "0 0 * DEC-JAN *",
    "0 0 * * FRI-7",
    "JAN * * * *",
    "0 0 * MON *",
    "0 0 * 1jan *",
  ],
  ...[
    "1-2-3 * * * *",
    "*/2/3 * * * *",
    "*/ * * * *",
    "*/-5 * * * *",
    "/5 * * * *",
    "*5 * * * *",
    "5- * * * *",
    "** * * * *",
  ],
  ...[
    "0 0 L * *",
    "0 0 15W * *",
    "0 0 * * 5#3",
    "H * * * *",
    "99999999999999999999 * * * *",
    "*/99999999999999999999 * * * *",
  ],
  ...[
    "@Daily",
    "@daily ",
    " @daily",
    "@reboot",
    "@every",
    "@every 5",
    "@every  5m",
    "@every x",
    "TZ=Etc/UTC 0 3 * * *",
  ],
  ...["\ufeff0 3 * * *", "0\ufeff3 * * *", "0 3 * * *\ufeff"],
  ...["CRON_TZ=Europe/Paris 0 3 * * *", "CRON_TZ=Europe/Paris @daily", "0 3 * * * TZ=Etc/UTC"],
];
/** Kubernetes takes these and reads something else, runs them every second, or never. */
const misread = [
  ...["*-5 * * * *", "?-x * * * *", ", * * * *", "1,,2 * * * *", "1, * * * *", "+3 * * * *", "@every 0s", "@every -5m"],
  ...["0 0 31 2 *", "0 0 30,31 2 ?", "0 0 31 4,6,9,11 *", "0 0 31/2 feb */1"],
];

/** First value, last value and place of each field. */
const limits = {
  minute: [0, 59, 0],
  hour: [0, 23, 1],
  day: [1, 31, 2],
  month: [1, 12, 3],
  weekday: [0, 6, 4],
} as const;
const lineWith = (place: number, field: string) => ["*", "*", "*", "*", "*"].with(place, field).join(" ");
const accepts = (type: z.ZodType, value: string) => type.safeParse(value).success;

describe("schedules in a stack's settings", () => {
  it("are taken as Kubernetes takes them", () => {
    for (const text of taken) expect(accepts(schedule, text), text).to.equal(true);
  });

  it("are refused where Kubernetes would refuse them, in the middle of an up", () => {
    for (const text of refused) expect(accepts(schedule, text), text).to.equal(false);
  });

  it("are refused where Kubernetes would read something else, or never run them", () => {
    for (const text of misread) expect(accepts(schedule, text), text).to.equal(false);
  });

  it("end at each field's limits, in numbers, lists, ranges and steps", () => {
    for (const [field, [least, most, place]] of Object.entries(limits)) {
      const within = fc.integer({ min: least, max: most });
      const beyond = fc.oneof(...(least ? [fc.constant(0)] : []), fc.integer({ min: most + 1, max: most + 100 }));
      const takes = (part: string) => accepts(schedule, lineWith(place, part));
      fc.assert(
        fc.property(within, within, beyond, fc.integer({ min: 1, max: 100 }), (one, two, wrong, step) => {
          const [low, high] = one < two ? [one, two] : [two, one];
          for (const right of [`${one}`, `${one},${two}`, `${low}-${high}`, `${one}/${step}`, `${low}-${high}/${step}`])
            expect(takes(right), `${field} ${right}`).to.equal(true);
          const wrongs = [`${wrong}`, `${one},${wrong}`, `${one}-${wrong}`, `${wrong}/${step}`];
          if (low < high) wrongs.push(`${high}-${low}`);
          for (const part of [...wrongs, `${one}/0`]) expect(takes(part), `${field} ${part}`).to.equal(false);
        }),
      );
    }
  });

  it("of backups have a field of seconds before the others", () => {
    for (const text of ["0 0 2 * * *", "59 */15 * * * SUN"]) expect(accepts(backupSchedule, text), text).to.equal(true);
    for (const text of ["0 2 * * *", "60 0 2 * * *", "0 0 2 * * 7", "@daily", "0 0 0 31 2 *"])
      expect(accepts(backupSchedule, text), text).to.equal(false);
  });

  it("have time zones of the database of time zones, in its spelling", () => {
    const zones = [
      "UTC",
      "Etc/UTC",
      "Europe/Paris",
      "US/Pacific",
      "Asia/Kolkata",
      "Asia/Calcutta",
      "Europe/Kyiv",
      "EST",
    ];
    const more = ["America/Argentina/Buenos_Aires", "America/Port-au-Prince", "Etc/GMT+12", "GMT0", "NZ-CHAT", "W-SU"];
    for (const zone of [...zones, ...more]) expect(accepts(timeZone, zone), zone).to.equal(true);
    const none = [
      "",
      "Local",
      "local",
      "utc",
      "europe/paris",
      "Europe/PARIS",
      "Europe/Pariss",
      "PST",
      "+01:00",
      "+0100",
    ];
    for (const zone of [...none, "../etc", "Europe//Paris", "/Etc/UTC", "Etc/UTC/", "UTC\n"])
      expect(accepts(timeZone, zone), zone).to.equal(false);
  });
});

describe("schedules in the chart's values", function () {
  this.timeout(60_000);
  before(skipWithoutHelm);

  /** For each feed, what the chart says against it; all of them in one release. */
  async function mistakesOf(feeds: readonly Record<string, string>[]): Promise<(string | undefined)[]> {
    const values = feeds.map((feed, at) => [`f${at}`, { schedule: "@daily", source: "s3://in", ...feed }]);
    const told = await render({ database: { owner: { secretName: "a" } }, feeds: Object.fromEntries(values) }).then(
      () => "",
      (error: unknown) => {
        if (error instanceof HelmError) return error.message;
        throw error;
      },
    );
    return feeds.map((_, at) => told.split("\n").find((line) => line.startsWith(`  feeds.f${at}.`)));
  }

  it("are refused with their key and a reason", async () => {
    const feeds = [{ schedule: "0 3 * * 7" }, { schedule: "0 0 31 2 *" }, { schedule: "often" }, { timeZone: "Local" }];
    expect(await mistakesOf(feeds)).to.deep.equal([
      '  feeds.f0.schedule: "7" is no day of the week: 0-6 or SUN-SAT, in lists, ranges upwards (1-5) and steps (*/2)',
      "  feeds.f1.schedule: names a day that no month has",
      "  feeds.f2.schedule: must have five cron fields, or be @hourly, @daily, @weekly, @monthly, @yearly or @every 90m",
      '  feeds.f3.timeZone: "Local" is no time zone such as Europe/Paris or Etc/UTC',
    ]);
    const compaction = { schedule: "99 * * * *" };
    const error = await render({ database: { owner: { secretName: "a" } }, compaction }).catch((thrown) => thrown);
    expect(error).to.be.instanceOf(HelmError).with.property("message").that.contains('compaction.schedule: "99" is no');
  });

  it("are judged as in a stack's settings", async () => {
    const part = fc.stringMatching(/^([*?]|[0-9]{1,2}|SUN|sat|Jan|dec)(-([0-9]{1,2}|SAT|DEC))?(\/[0-9]{1,2})?$/);
    const field = fc.oneof({ weight: 3, arbitrary: fc.constant("*") }, fc.array(part, { minLength: 1, maxLength: 2 }));
    const line = fc.array(field, { minLength: 5, maxLength: 5 }).map((fields) => fields.join(" "));
    const lines = fc.sample(line, { numRuns: 300, seed: 7 });
    // An empty one is the schema's to refuse.
    const texts = [...taken, ...refused.filter((text) => text !== ""), ...misread, ...lines];
    const mistakes = await mistakesOf(texts.map((text) => ({ schedule: text })));
    for (const [at, text] of texts.entries())
      expect(mistakes[at] === undefined, text).to.equal(accepts(schedule, text));
    expect(mistakes.slice(-lines.length).filter((mistake) => mistake === undefined)).to.have.lengthOf.above(30);
  });

  it("have time zones that are none refused as far as a pattern can tell", async () => {
    const zones = [
      "UTC",
      "US/Pacific",
      "America/Argentina/Buenos_Aires",
      "Etc/GMT+12",
      "local",
      "PST",
      "+0100",
      "Etc/",
    ];
    const mistakes = await mistakesOf(zones.map((zone) => ({ timeZone: zone })));
    expect(zones.filter((_, at) => mistakes[at])).to.deep.equal(["local", "PST", "+0100", "Etc/"]);
  });
});
