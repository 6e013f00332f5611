import { expect } from "chai";
import { outlineOf } from "../../../app/page/rates/chart/outline.js";
import { spreadApart } from "../../../app/page/rates/chart/spread-apart.js";

describe("letters at the ends of lines", () => {
  it("stay where they are if they do not touch", () => {
    expect(spreadApart([10, 40, 90], 20, 100)).to.deep.equal([10, 40, 90]);
    expect(spreadApart([], 20, 100)).to.deep.equal([]);
  });

  it("move apart where lines end together, and none leaves the chart below", () => {
    expect(spreadApart([10, 12, 90], 20, 100)).to.deep.equal([10, 30, 90]);
    expect(spreadApart([80, 95, 99], 20, 100)).to.deep.equal([60, 80, 100]);
    expect(spreadApart([100, 100, 100, 100], 20, 100)).to.deep.equal([40, 60, 80, 100]);
  });
});

describe("the lines in small", () => {
  it("have the same scale for all lanes, gaps, and a dot for a day without neighbours", () => {
    expect(
      outlineOf([
        [0, 100, null, 50],
        [null, null, null, null],
      ]),
    ).to.deep.equal(["M0 95.0h0L1 5.0M3 50.0h0", ""]);
  });

  it("bear a flat lane and no lane at all", () => {
    expect(outlineOf([[7, 7]])).to.deep.equal(["M0 95.0h0L1 95.0"]);
    expect(outlineOf([])).to.deep.equal([]);
  });
});
