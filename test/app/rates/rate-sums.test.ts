import { expect } from "chai";
import { RateSums } from "../../../app/rates/roll-up/rate-sums.js";

const DAYS = 31;

describe("the sums of a batch", () => {
  it("keep what they hold when more lanes come than their first memory has room for", () => {
    const sums = new RateSums(8 * 1024 * 1024);
    const wanted = new Map<string, [count: number, sum: number]>();
    const lanes = sums.room;
    expect(lanes).to.be.above(10_000);
    for (const again of [1, 2]) {
      for (let nth = 0; nth < lanes; nth += 1) {
        const [origin, destination, day] = [nth % 100, Math.floor(nth / 100), nth % DAYS];
        sums.add(origin, destination, day, 1, nth);
        wanted.set(`${origin}>${destination} ${day}`, [again, again * nth]);
      }
      expect([sums.lanes, sums.room]).to.deep.equal([lanes, 0]);
    }
    expect(all(sums)).to.deep.equal(wanted);
    expect(() => sums.add(-1, -1, 0, 1, 1)).to.throw(RangeError);
  });

  it("begin anew with nothing in them, however many lanes there were", () => {
    const sums = new RateSums(1024 * 1024);
    while (sums.room > 0) sums.add(sums.lanes, 7, 3, 1, 1);
    sums.begin(2);
    expect(all(sums)).to.deep.equal(new Map());
    sums.add(1, 7, 1, 1, 5);
    expect(all(sums)).to.deep.equal(new Map([["1>7 1", [1, 5]]]));
  });
});

function all(sums: RateSums): Map<string, [count: number, sum: number]> {
  const found = new Map<string, [number, number]>();
  for (const lane of sums.inOrder()) {
    for (let day = 0; day < sums.days; day += 1) {
      if (sums.count(lane, day) === 0) continue;
      found.set(`${sums.origin(lane)}>${sums.destination(lane)} ${day}`, [sums.count(lane, day), sums.sum(lane, day)]);
    }
  }
  return found;
}
