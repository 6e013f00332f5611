import { expect } from "chai";
import { WorkQueue } from "../../../app/operator/work-queue.js";
import { until } from "../../kit/until.js";

describe("the queue of feeds", () => {
  it("works on a feed once however often it is added, never twice at a time, and again if it changed meanwhile", async () => {
    const begun: string[] = [];
    let end = () => {};
    const queue = new WorkQueue({
      workers: 2,
      work: (key) => {
        begun.push(key);
        return new Promise<void>((resolve) => {
          end = resolve;
        });
      },
      onError() {},
    });
    queue.add("asia");
    queue.add("asia");
    queue.add("asia");
    expect(begun).to.deep.equal(["asia"]);
    expect(queue.depth).to.equal(1);
    end();
    await until("it is worked on again", () => begun.length === 2);
    end();
    await queue.stop();
    expect(begun).to.deep.equal(["asia", "asia"]);
  });

  it("keeps to its workers", async () => {
    let working = 0;
    let most = 0;
    const queue = new WorkQueue({
      workers: 3,
      async work() {
        working += 1;
        most = Math.max(most, working);
        await new Promise((resolve) => setImmediate(resolve));
        working -= 1;
      },
      onError() {},
    });
    for (let number = 0; number < 20; number += 1) queue.add(`f${number}`);
    await until("all are done", () => queue.depth === 0 && working === 0);
    expect(most).to.equal(3);
    await queue.stop();
  });

  it("tries a feed that fails again, each time after a longer while", async () => {
    const delays: number[] = [];
    let tries = 0;
    const queue = new WorkQueue({
      workers: 1,
      async work() {
        tries += 1;
        if (tries < 3) throw new Error("away");
      },
      onError: (_key, _error, delayMs) => delays.push(delayMs),
    });
    queue.add("asia");
    await until("it went well", () => tries === 3);
    expect(delays[0]).to.be.within(375, 625);
    expect(delays[1]).to.be.within(750, 1_250);
    await queue.stop();
  });
});
