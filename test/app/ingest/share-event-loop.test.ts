import { expect } from "chai";
import { shareEventLoop } from "../../../app/ingest/pieces/share-event-loop.js";

const CHUNKS = 20;

/** Chunks from memory, each of which takes some time. */
async function* busy(): AsyncGenerator<Buffer> {
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    const endMs = performance.now() + 5;
    while (performance.now() < endMs);
    yield Buffer.alloc(10, chunk);
  }
}

describe("bytes that are worked on in memory", () => {
  it("let a request to stop come through", async () => {
    let taken = 0;
    let stopped = false;
    setTimeout(() => {
      stopped = true;
    }, 20);
    for await (const _ of shareEventLoop(busy())) {
      if (stopped) break;
      taken += 1;
    }
    expect(taken).to.be.below(CHUNKS);
  });

  it("are the same in slices", async () => {
    const slices: Buffer[] = [];
    for await (const slice of shareEventLoop(busy(), 4)) slices.push(Buffer.from(slice));
    expect(slices.map(({ length }) => length)).to.deep.equal(Array(CHUNKS).fill([4, 4, 2]).flat());
    expect(Buffer.concat(slices)).to.deep.equal(
      Buffer.concat(Array.from({ length: CHUNKS }, (_, at) => Buffer.alloc(10, at))),
    );
  });
});
