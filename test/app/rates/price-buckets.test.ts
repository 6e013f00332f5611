import { expect } from "chai";
import fc from "fast-check";
import { BUCKETS, bucketOf, priceOf } from "../../../app/rates/price-buckets.js";

const HIGHEST = 2_147_483_647;

describe("the bucket of a price", () => {
  it("stands for prices that are at most 1 % away from it, and each price is in one", () => {
    const price = fc.oneof(
      fc.integer({ min: 1, max: HIGHEST }),
      fc.integer({ min: 1, max: 40_000 }),
      fc.double({ min: 0, max: Math.log(HIGHEST), noNaN: true }).map((power) => Math.floor(Math.exp(power))),
    );
    fc.assert(
      fc.property(price, (some) => {
        const bucket = bucketOf(some);
        expect(bucket).to.be.within(0, BUCKETS - 1);
        expect(Math.abs(priceOf(bucket) - some) / some).to.be.at.most(0.01);
      }),
      { numRuns: 2_000, examples: [[1], [16_383], [16_384], [HIGHEST]] },
    );
  });

  it("is higher for higher prices, and exact for low ones", () => {
    for (let some = 1; some < 50; some += 1) expect(priceOf(bucketOf(some))).to.equal(some);
    const steps = new Set(Array.from({ length: 100_000 }, (_, some) => bucketOf(some + 2) - bucketOf(some + 1)));
    expect([...steps]).to.have.members([0, 1]);
    expect(bucketOf(HIGHEST)).to.equal(BUCKETS - 1);
    expect(BUCKETS).to.be.at.most(1024);
  });
});
