import { expect } from "chai";
import { addDays } from "../../../app/page/day.js";
import { changesAt } from "../../../app/page/rates/series/changes.js";
import { baseDay, baseValue, indexTo100 } from "../../../app/page/rates/series/index-to-100.js";
import { movingMean } from "../../../app/page/rates/series/moving-mean.js";
import type { Rate } from "../../../app/page/rates/series/rates.js";
import { differenceBetween } from "../../../app/page/rates/series/summary.js";

/** Days from 2024-01-01; null for a day without prices. */
function days(...rates: readonly (readonly [price: number | null, count: number] | null)[]): Rate[] {
  return rates.map((rate, index) => ({
    day: addDays("2024-01-01", index),
    price: rate?.[0] ?? null,
    count: rate?.[1] ?? null,
  }));
}

describe("the mean of seven days", () => {
  it("is that of all prices of the days, and not of the days' means", () => {
    expect(movingMean(days([100, 3], [200, 9]))).to.deep.equal([100, 175]);
  });

  it("holds the day and the six before it", () => {
    const rates = days([800, 3], [100, 3], [100, 3], [100, 3], [100, 3], [100, 3], [100, 3], [100, 3]);
    expect(movingMean(rates).slice(6)).to.deep.equal([200, 100]);
  });

  it("leaves out days without a rate, whatever their number of prices is", () => {
    expect(movingMean(days([100, 3], null, [null, 2], [300, 3]))).to.deep.equal([100, 100, 100, 200]);
  });

  it("is missing where none of the seven days has a rate", () => {
    const gap = Array<null>(8).fill(null);
    expect(movingMean(days(null, [100, 4], ...gap))).to.deep.equal([null, ...Array(7).fill(100), null, null]);
  });
});

describe("the changes of a rate", () => {
  const flat = (length: number) => days(...Array.from({ length }, () => [100, 3] as const));
  const put = (rates: Rate[], at: number, price: number | null): Rate[] =>
    rates.map((rate, index) => (index === at ? { ...rate, price } : rate));

  it("are against the days a week, a month and a year before", () => {
    // 2024-12-31 is the 366th day of its year, 2025-01-31 the 397th.
    let rates = put(flat(397), 396, 150);
    rates = put(put(put(rates, 389, 120), 365, 75), 30, 300);
    expect(changesAt(rates, 396)).to.deep.equal({
      week: { since: "2025-01-24", ratio: 150 / 120 - 1 },
      month: { since: "2024-12-31", ratio: 1 },
      year: { since: "2024-01-31", ratio: -0.5 },
    });
  });

  it("are against the last rate before such a day, if it has none, but not one from a week before it", () => {
    let rates = put(flat(20), 19, 110);
    rates = put(put(rates, 12, null), 11, null);
    expect(changesAt(rates, 19).week).to.deep.equal({ since: "2024-01-11", ratio: 110 / 100 - 1 });
    for (let at = 6; at <= 12; at++) rates = put(rates, at, null);
    expect(changesAt(rates, 19).week).to.equal(undefined);
  });

  it("are unknown before the first day, and of a day without a rate", () => {
    expect(changesAt(flat(8), 7).week?.ratio).to.equal(0);
    expect(changesAt(flat(8), 7).month).to.equal(undefined);
    expect(changesAt(flat(8), 6).week).to.equal(undefined);
    expect(changesAt(put(flat(8), 7, null), 7).week).to.equal(undefined);
    expect(changesAt(put(flat(8), 0, 0), 7).week).to.equal(undefined);
    expect(changesAt(flat(8), -1).week).to.equal(undefined);
  });
});

describe("lanes indexed to 100", () => {
  it("begin at 100 on the first day that all of them have", () => {
    const lanes = [
      [50, 100, 200, null],
      [null, 8, 4, 2],
    ] as const;
    const base = baseDay(lanes);
    expect(base).to.equal(1);
    expect(indexTo100(lanes[0], baseValue(lanes[0], base))).to.deep.equal([50, 100, 200, null]);
    expect(indexTo100(lanes[1], baseValue(lanes[1], base))).to.deep.equal([null, 100, 50, 25]);
  });

  it("begin each at 100 without such a day", () => {
    const lanes = [
      [50, null],
      [null, 8],
    ] as const;
    expect(baseDay(lanes)).to.equal(undefined);
    expect(lanes.map((lane) => indexTo100(lane, baseValue(lane, undefined)))).to.deep.equal([
      [100, null],
      [null, 100],
    ]);
  });

  it("take no day on which a rate is zero, and bear a lane without any rate", () => {
    expect(
      baseDay([
        [0, 5],
        [1, 1],
        [null, null],
      ]),
    ).to.equal(1);
    expect(baseDay([])).to.equal(undefined);
    expect(indexTo100([null, null], baseValue([null, null], 1))).to.deep.equal([null, null]);
    expect(indexTo100([0, 0], baseValue([0, 0], undefined))).to.deep.equal([null, null]);
  });
});

describe("the difference between two lanes", () => {
  it("is over the days that both have", () => {
    expect(differenceBetween(days([110, 3], [900, 3], null), days([100, 3], null, [1, 3]))).to.be.closeTo(0.1, 1e-9);
    expect(differenceBetween(days([110, 3]), days(null))).to.equal(undefined);
  });
});
