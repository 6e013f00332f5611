import { expect } from "chai";
import fc from "fast-check";
import { addDays, countDays, daysNewestFirst, periodsNewestFirst } from "../../../app/rates/calendar.js";

const day = fc
  .date({ min: new Date("0003-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

/** As Postgres has it. */
const isMonday = (text: string) => new Date(text).getUTCDay() === 1;

describe("the periods of a range", () => {
  it("hold every day once, newest first, whatever the range", () => {
    fc.assert(
      fc.property(day, fc.nat({ max: 400 }), fc.constantFrom("day", "week", "month"), (to, length, interval) => {
        const from = addDays(to, -length);
        const periods = periodsNewestFirst(from, to, interval);
        const days = periods.flatMap(({ firstDay, lastDay }) => daysNewestFirst(firstDay, lastDay));
        expect(days).to.deep.equal(daysNewestFirst(from, to));
        for (const { firstDay, lastDay, from: begin, to: end } of periods) {
          expect([begin, end]).to.deep.equal([countDays(from, firstDay) - 1, countDays(from, lastDay)]);
        }
      }),
    );
  });

  it("begin on each Monday, and on each first of a month, and nowhere else inside of the range", () => {
    fc.assert(
      fc.property(day, fc.nat({ max: 400 }), (to, length) => {
        const from = addDays(to, -length);
        const begins = (interval: "week" | "month") =>
          periodsNewestFirst(from, to, interval).flatMap(({ firstDay }) => (firstDay === from ? [] : [firstDay]));
        const inside = daysNewestFirst(from, to).filter((each) => each !== from);
        expect(begins("week")).to.deep.equal(inside.filter(isMonday));
        expect(begins("month")).to.deep.equal(inside.filter((each) => each.endsWith("-01")));
      }),
    );
  });

  it("have the weeks of a new year as ISO 8601 has them", () => {
    const weeks = periodsNewestFirst("2024-12-25", "2025-01-08", "week");
    expect(weeks.map(({ firstDay, lastDay }) => `${firstDay} ${lastDay}`)).to.deep.equal([
      "2025-01-06 2025-01-08",
      "2024-12-30 2025-01-05",
      "2024-12-25 2024-12-29",
    ]);
  });
});
