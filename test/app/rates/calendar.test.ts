import { expect } from "chai";
import fc from "fast-check";
import { addDays, countDays, daysNewestFirst } from "../../../app/rates/calendar.js";

const day = fc
  .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

describe("the calendar", () => {
  it("gives every day of a range once, newest first, each the day before the last", () => {
    fc.assert(
      fc.property(day, fc.nat({ max: 800 }), (to, length) => {
        const from = addDays(to, -length);
        fc.pre(!from.startsWith("-") && !from.startsWith("0000"));
        const days = daysNewestFirst(from, to);
        expect(days).to.have.length(length + 1);
        expect(days).to.have.length(countDays(from, to));
        for (const [index, each] of days.entries()) expect(each).to.equal(addDays(to, -index));
      }),
    );
  });

  it("knows leap years", () => {
    for (const [from, to, days] of [
      ["2024-02-28", "2024-03-01", 3],
      ["2023-02-28", "2023-03-01", 2],
      ["2000-02-28", "2000-03-01", 3],
      ["1900-02-28", "1900-03-01", 2],
      ["2024-01-01", "2024-12-31", 366],
      ["0004-02-28", "0004-03-01", 3],
      ["0001-01-01", "0001-01-01", 1],
      ["9999-12-31", "9999-12-31", 1],
    ] as const) {
      expect(countDays(from, to)).to.equal(days);
      expect(daysNewestFirst(from, to)).to.have.length(days);
    }
    expect(daysNewestFirst("2024-02-28", "2024-03-01")).to.deep.equal(["2024-03-01", "2024-02-29", "2024-02-28"]);
  });

  it("gives no day of a range the wrong way round", () => {
    expect(countDays("2024-01-02", "2024-01-01")).to.equal(0);
    expect(daysNewestFirst("2024-01-02", "2024-01-01")).to.deep.equal([]);
  });
});
