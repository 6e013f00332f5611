import { expect } from "chai";
import { backupOf } from "../../../infra/archive/archive-reader.js";
import { SettingsError } from "../../../infra/restore/restore-error.js";
import { targetOf, type Wanted } from "../../../infra/restore/target.js";

const backup = (id: string, end: string) => ({ id, end: new Date(end), bytes: 1 });
const first = backup("20261126T020000", "2026-11-26T02:10:00Z");
const second = backup("20261127T020000", "2026-11-27T02:10:00Z");
const archive = {
  place: "s3://backups/ratesapp-prod-0badcafe",
  backups: [first, second],
  newestWal: new Date("2026-11-27T10:00:00Z"),
};
const now = new Date("2026-11-27T12:00:00Z");
const target = (wanted: Wanted, alive = true, from: Partial<typeof archive> = {}) =>
  targetOf(wanted, { ...archive, ...from }, now, alive);
const at = (to: string): Wanted => ({ kind: "time", to: new Date(to) });

describe("the moment to restore to", () => {
  it("begins with the newest backup that was complete before", () => {
    expect(target(at("2026-11-27T10:15:00Z"))).to.deep.equal({ base: second, to: "2026-11-27T10:15:00.000Z" });
    expect(target(at("2026-11-27T02:09:59Z"))).to.deep.include({ base: first });
    expect(target(at("2026-11-27T02:10:00Z"))).to.deep.include({ base: second });
  });

  it("is the end of the archive, or of a backup", () => {
    expect(target({ kind: "newest" })).to.deep.equal({ base: second });
    expect(target({ kind: "backup", id: first.id })).to.deep.equal({ base: first, backup: first.id });
  });

  const refused: readonly [what: string, run: () => unknown, message: RegExp][] = [
    ["the future", () => target(at("2026-11-27T12:00:01Z")), /is in the future. It is 2026-11-27T12:00:00/],
    [
      "a moment before all backups",
      () => target(at("2026-11-26T02:09:59Z")),
      /is before all backups. The oldest backup is 20261126T020000, complete at 2026-11-26T02:10/,
    ],
    [
      "a moment that a lost database did not store",
      () => target(at("2026-11-27T10:15:00Z"), false),
      /is after the end of the archive.*--newest/,
    ],
    [
      "a backup that does not exist",
      () => target({ kind: "backup", id: "20261125T020000" }),
      /has no backup 20261125T020000. It has: 20261126T020000, 20261127T020000/,
    ],
    ["an archive without a backup", () => target({ kind: "newest" }, true, { backups: [] }), /no complete base backup/],
  ];
  for (const [what, run, message] of refused) {
    it(`is not ${what}`, () => expect(run).to.throw(SettingsError, message));
  }
});

describe("what Barman notes of a backup", () => {
  const info = [
    "backup_label=None",
    "begin_time=2026-11-28 04:20:05.123+00:00",
    "end_time=2026-11-28 04:20:11.456789+00:00",
    "cluster_size=123456",
    "size=None",
    "status=DONE",
    "",
  ].join("\n");

  it("is its end and size", () => {
    expect(backupOf("20261128T042005", info)).to.deep.equal([
      { id: "20261128T042005", end: new Date("2026-11-28T04:20:11.456Z"), bytes: 123_456 },
    ]);
  });

  it("counts only if it is complete", () => {
    for (const text of [
      info.replace("DONE", "FAILED"),
      info.replace("DONE", "STARTED"),
      info.replace("2026", "None"),
    ]) {
      expect(backupOf("x", text.replace("end_time=2026-11-28", "end_time=None"))).to.deep.equal([]);
    }
  });
});
