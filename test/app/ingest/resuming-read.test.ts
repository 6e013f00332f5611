import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type ResumingRead, readResuming } from "../../../app/ingest/sources/resuming-read.js";
import { SourceUnavailableError } from "../../../app/ingest/sources/source-error.js";

const SILENCE_MS = 500;
const content = Buffer.from("0123456789");

describe("reading from far away", () => {
  let server: Server | undefined;
  /** The position from which each request asked. */
  let asked: number[];

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  /**
   * Reads from a server that answers `/4` with the content from byte 4 on, or with as much of it as the test allows.
   */
  async function reading(answer: RequestListener, ranges = true): Promise<AsyncIterable<Buffer>> {
    asked = [];
    server = createServer(answer).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const read: ResumingRead = {
      location: "it",
      from: 0,
      to: content.length,
      ranges,
      silenceMs: SILENCE_MS,
      async open(at, signal) {
        asked.push(at);
        const answer = await fetch(`http://127.0.0.1:${port}/${at}`, { signal });
        return { body: answer.body as AsyncIterable<Uint8Array>, bytes: null };
      },
    };
    return readResuming(read);
  }

  async function all(chunks: AsyncIterable<Buffer>): Promise<string> {
    let text = "";
    for await (const chunk of chunks) text += chunk;
    return text;
  }

  it("goes on behind what it has when the server falls silent", async () => {
    const chunks = await reading((request, response) => {
      const from = Number(request.url?.slice(1));
      if (from === 0) response.write(content.subarray(0, 4));
      else response.end(content.subarray(from));
    });
    expect(await all(chunks)).to.equal("0123456789");
    expect(asked).to.deep.equal([0, 4]);
  });

  it("does not blame the server for the time that its chunk is held here", async () => {
    let goOn: (() => void) | undefined;
    const chunks = await reading((_request, response) => {
      response.write(content.subarray(0, 4));
      goOn = () => response.end(content.subarray(4));
    });
    let text = "";
    for await (const chunk of chunks) {
      if (text === "") await sleep(2 * SILENCE_MS);
      text += chunk;
      goOn?.();
    }
    expect(text).to.equal("0123456789");
    expect(asked).to.deep.equal([0]);
  });

  it("says what happened when nothing can be read in the middle", async () => {
    const chunks = await reading((_request, response) => response.write(content.subarray(0, 4)), false);
    const failure = await all(chunks).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(SourceUnavailableError);
    expect((failure as Error).message).to.equal("it was cut off: silent for 0.5 seconds");
  });
});
