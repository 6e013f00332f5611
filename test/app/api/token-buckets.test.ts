import { expect } from "chai";
import { TokenBuckets } from "../../../app/api/http/token-buckets.js";

describe("token buckets", () => {
  const takeAll = (buckets: TokenBuckets, nowMs: number) => {
    let taken = 0;
    while (buckets.take("a", nowMs).allowed) taken += 1;
    return taken;
  };

  it("let no more than a burst through at once, whenever a client began", () => {
    const buckets = new TokenBuckets({ perSecond: 5, burst: 10 });
    // Windows of two seconds that begin with the first request would end at 2,000: nine before that, and ten after it.
    expect(buckets.take("a", 0)).to.deep.equal({ allowed: true, remaining: 9, nextMs: 200 });
    expect(takeAll(buckets, 1_999)).to.equal(10);
    expect(takeAll(buckets, 2_001)).to.equal(0);
    expect(takeAll(buckets, 2_199)).to.equal(1);
  });

  it("let the long-run rate through, and tell when the next request can come", () => {
    const buckets = new TokenBuckets({ perSecond: 4, burst: 3 });
    expect(takeAll(buckets, 1_000)).to.equal(3);
    expect(buckets.take("a", 1_100)).to.deep.equal({ allowed: false, remaining: 0, nextMs: 150 });
    expect(buckets.take("a", 1_250)).to.deep.equal({ allowed: true, remaining: 0, nextMs: 250 });
    let allowed = 0;
    for (let nowMs = 1_251; nowMs <= 11_250; nowMs += 1) if (buckets.take("a", nowMs).allowed) allowed += 1;
    expect(allowed).to.equal(40);
    expect(buckets.take("b", 11_250).remaining, "another client").to.equal(2);
  });
});
