import { expect } from "chai";
import { addDays } from "../../../app/page/day.js";
import { lanesCsv } from "../../../app/page/rates/series/lanes-csv.js";
import type { RatesAnswer } from "../../../app/page/rates/series/rates.js";
import { summaryOf } from "../../../app/page/rates/series/summary.js";
import { viewOf } from "../../../app/page/rates/series/view.js";

/** Four days from 2024-01-08 with the seven before them. A lane's prices begin at `first` and grow by 10 each day. */
function answer(...firsts: readonly number[]): RatesAnswer {
  return {
    days: { dateFrom: "2024-01-08", dateTo: "2024-01-11" },
    problems: [],
    lanes: firsts.map((first, position) => ({
      lane: { origin: "CNSGH", destination: `TO${position}` },
      position,
      start: 7,
      datasetVersion: "1",
      history: Array.from({ length: 11 }, (_, index) => ({
        day: addDays("2024-01-01", index),
        price: first + 10 * index,
        count: 3,
      })),
    })),
  };
}

const OPTIONS = { zoom: undefined, mean: false, indexed: false, nameOf: () => "a lane" };

describe("what the page shows of an answer", () => {
  it("is its range; the days before it are there to compare with", () => {
    const [lane] = viewOf(answer(100), OPTIONS).lanes;
    expect(lane?.values).to.deep.equal([170, 180, 190, 200]);
    expect(lane && summaryOf(lane)).to.deep.include({
      mean: 185,
      ratedDays: 4,
      changes: {
        week: { since: "2024-01-04", ratio: 200 / 130 - 1 },
        month: undefined,
        year: undefined,
      },
    });
  });

  it("is the part that a zoom leaves, or all if it leaves under two days", () => {
    const shown = (dateFrom: string, dateTo: string) =>
      viewOf(answer(100), { ...OPTIONS, zoom: { dateFrom, dateTo } }).lanes[0]?.values;
    expect(shown("2024-01-09", "2024-01-10")).to.deep.equal([180, 190]);
    expect(shown("2023-01-01", "2024-01-09")).to.deep.equal([170, 180]);
    expect(shown("2024-01-11", "2024-02-09")).to.have.length(4);
    expect(shown("2025-01-01", "2025-02-01")).to.have.length(4);
  });

  it("has means from the first day on, because the days before are known", () => {
    const [lane] = viewOf(answer(100), { ...OPTIONS, mean: true }).lanes;
    expect(lane?.means).to.deep.equal([140, 150, 160, 170]);
  });

  it("is indexed to the first day shown: of the means, if they are shown", () => {
    const zoom = { dateFrom: "2024-01-09", dateTo: "2024-01-11" };
    const view = viewOf(answer(100, 280), { ...OPTIONS, zoom, indexed: true });
    expect(view.hundred).to.equal("2024-01-09");
    expect(view.lanes.map(({ values }) => values[0])).to.deep.equal([100, 100]);
    const [lane] = viewOf(answer(100), { ...OPTIONS, mean: true, indexed: true }).lanes;
    expect(lane?.means?.[0]).to.equal(100);
    expect(lane?.values[0]).to.equal((100 * 170) / 140);
  });

  it("goes into one file of CSV, newest day first, with columns for each lane", () => {
    expect(
      lanesCsv(viewOf(answer(100), OPTIONS).lanes)
        .split("\r\n")
        .slice(0, 2),
    ).to.deep.equal(["day,price,count", "2024-01-11,200,3"]);
    expect(
      lanesCsv(viewOf(answer(100, 200), OPTIONS).lanes)
        .split("\r\n")
        .slice(0, 2),
    ).to.deep.equal(["day,CNSGH:TO0,CNSGH:TO1", "2024-01-11,200,300"]);
  });
});
