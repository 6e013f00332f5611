import { expect } from "chai";
import { addMonths } from "../../../app/page/day.js";
import { daysOf, lengthOf, readRange, upTo } from "../../../app/page/rates/question/range.js";

const read = (query: string) => readRange(new URLSearchParams(query), "2024-03-31");

describe("a range of the page", () => {
  it("moves on with the days if it is relative", () => {
    for (const [last, today, dateFrom] of [
      ["1d", "2024-03-31", "2024-03-31"],
      ["30d", "2024-03-31", "2024-03-02"],
      ["90d", "2024-03-31", "2024-01-02"],
      ["90d", "2024-04-01", "2024-01-03"],
      ["1m", "2024-03-31", "2024-03-01"],
      ["6m", "2024-03-31", "2023-10-01"],
      ["1y", "2024-03-31", "2023-04-01"],
      ["1y", "2024-02-29", "2023-03-01"],
      ["1y", "2025-02-28", "2024-02-29"],
      ["ytd", "2024-03-31", "2024-01-01"],
      ["ytd", "2024-01-01", "2024-01-01"],
    ] as const)
      expect(daysOf({ last }, today), `${last} on ${today}`).to.deep.equal({ dateFrom, dateTo: today });
  });

  it("never has more days than the API answers, for all that the page offers", () => {
    for (const last of ["30d", "90d", "6m", "1y", "ytd"])
      for (const today of ["2023-12-31", "2024-02-29", "2024-03-01", "2024-12-31", "2025-02-28"])
        expect(lengthOf(daysOf({ last }, today)), `${last} on ${today}`).to.be.within(1, 366);
  });

  it("is read from an address; days win over a relative range, and a missing day gets a default", () => {
    expect(read("")).to.deep.equal({ last: "90d" });
    expect(read("last=1y")).to.deep.equal({ last: "1y" });
    expect(read("last=ytd")).to.deep.equal({ last: "ytd" });
    for (const nothing of ["0d", "90", "d", "-1d", "9999d", "1w", "ytd2"])
      expect(read(`last=${nothing}`), nothing).to.deep.equal({ last: "90d" });
    expect(read("date_from=2024-01-01&date_to=2024-02-01&last=1y")).to.deep.equal({
      dateFrom: "2024-01-01",
      dateTo: "2024-02-01",
    });
    expect(read("date_to=2024-03-01")).to.deep.equal({ dateFrom: "2023-12-03", dateTo: "2024-03-01" });
    expect(read("date_from=2024-03-01")).to.deep.equal({ dateFrom: "2024-03-01", dateTo: "2024-03-31" });
  });

  it("has a length that counts both ends", () => {
    expect(lengthOf({ dateFrom: "2024-02-28", dateTo: "2024-03-01" })).to.equal(3);
    expect(lengthOf({ dateFrom: "2024-02-28", dateTo: "2024-02-27" })).to.equal(undefined);
    expect(lengthOf({ dateFrom: "2024-02-30", dateTo: "2024-03-01" })).to.equal(undefined);
    expect(upTo("2024-03-01", 366)).to.deep.equal({ dateFrom: "2023-03-02", dateTo: "2024-03-01" });
  });

  it("goes by calendar months, whose last days differ", () => {
    for (const [day, months, expected] of [
      ["2024-03-31", -1, "2024-02-29"],
      ["2023-03-31", -1, "2023-02-28"],
      ["2024-02-29", -12, "2023-02-28"],
      ["2024-01-15", -1, "2023-12-15"],
      ["2023-12-31", 2, "2024-02-29"],
    ] as const)
      expect(addMonths(day, months), `${day} ${months}`).to.equal(expected);
  });
});
