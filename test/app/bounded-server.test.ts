import { once } from "node:events";
import type { RequestListener } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import fc from "fast-check";
import { BoundedServer, type ConnectionLimits } from "../../app/bounded-server.js";
import { runs } from "../kit/runs.js";
import { until } from "../kit/until.js";

const LIMITS: ConnectionLimits = { mostConnections: 100, silenceTimeoutMs: 60_000, takeTimeoutMs: 60_000 };
const MIB = 1024 * 1024;

describe("the connections of a server", function () {
  this.timeout(60_000);
  let server: BoundedServer | undefined;
  const sockets: Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    const closing = server;
    server = undefined;
    await new Promise((resolve) => (closing === undefined ? resolve(undefined) : closing.close(resolve)));
  });

  const serve = async (handle: RequestListener, limits: Partial<ConnectionLimits> = {}) => {
    server = new BoundedServer({}, { ...LIMITS, ...limits }, handle);
    await once(server.listen(0, "127.0.0.1"), "listening");
    return { server, port: (server.address() as AddressInfo).port };
  };
  const open = async (port: number, sent = "") => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    sockets.push(socket);
    await once(socket, "connect");
    socket.write(sent);
    return socket;
  };

  it("give every answer, in order, to a client that sends all its requests at once and reads", async () => {
    let atOnce = 0;
    let most = 0;
    const { port } = await serve(async (request, response) => {
      most = Math.max(most, ++atOnce);
      response.once("close", () => --atOnce);
      const asked = new URL(request.url ?? "", "http://x").searchParams;
      const wait = Number(asked.get("wait"));
      if (wait > 0) await sleep(wait - 1);
      let received = 0;
      if (asked.get("early") !== "true") for await (const chunk of request) received += chunk.length;
      const body = `${asked.get("number")} ${received} `.padEnd(Number(asked.get("size")), "x");
      response.writeHead(200, { "Content-Length": body.length }).end(body);
    });
    const aRequest = fc.record({
      wait: fc.nat({ max: 3 }),
      size: fc.constantFrom(20, 20_000, 200_000),
      early: fc.boolean(),
      body: fc.constantFrom(undefined, "length", "chunked"),
      length: fc.constantFrom(1, 300, 100_000),
      content: fc.constantFrom("x", "\r\n\r\n", "\n"),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(aRequest, { maxLength: 30 }),
        fc.infiniteStream(fc.nat({ max: 90_000 })),
        async (sent, cuts) => {
          const bytes = sent.map(writeRequest).join("");
          const socket = await open(port);
          const answers = readAnswers(socket, sent.length);
          for (let from = 0, to = 0; from < bytes.length; from = to) {
            to = from + 1 + (cuts.next().value as number);
            socket.write(bytes.slice(from, to));
            await new Promise(setImmediate);
          }
          expect(await answers).to.deep.equal(
            sent.map(({ body, early, length }, number) =>
              `${number} ${body === undefined || early ? 0 : length} `.trim(),
            ),
          );
          socket.destroy();
        },
      ),
      { numRuns: runs(60) },
    );
    // The end of a body may have small requests close behind it.
    expect(most).to.be.below(8);
  });

  for (const [what, request] of [
    ["", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
    [" with bodies", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"],
    [" with chunked bodies", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"],
  ] as const) {
    it(`take turns with others while one sends thousands of requests${what} at once`, async () => {
      let inTurn = 0;
      let most = 0;
      let count = 0;
      const { port } = await serve((_, response) => {
        count += 1;
        if (inTurn++ === 0) setImmediate(() => (inTurn = 0));
        most = Math.max(most, inTurn);
        queueMicrotask(() => response.end());
      });
      (await open(port, request.repeat(4_000))).resume();
      await until("all are answered", async () => count === 4_000);
      expect(most).to.be.below(20);
    });
  }

  it("are closed beyond their number, and take new ones when others end", async () => {
    const { server, port } = await serve((_, response) => response.end("here"), { mostConnections: 3 });
    const kept = [await open(port), await open(port), await open(port)];
    let dropped = 0;
    server.on("drop", () => ++dropped);
    await once(await open(port), "close");
    expect(dropped).to.equal(1);
    kept[0]?.destroy();
    await until("another has room", async () => {
      const socket = await open(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      const [data] = await Promise.race([once(socket, "data"), once(socket, "close")]);
      return String(data).endsWith("here");
    });
  });

  for (const [what, head, body] of [
    ["a request", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 0],
    ["a body that is there", "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10\r\n\r\n", 10],
    [
      "a body that comes faster than it is read",
      `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${16 * MIB}\r\n\r\n`,
      16 * MIB,
    ],
  ] as const) {
    it(`are kept while the server works at ${what} for longer than a client may be silent`, async () => {
      const { port } = await serve(
        async (request, response) => {
          let received = 0;
          for await (const chunk of request) {
            if (received === 0) await sleep(1_000);
            received += chunk.length;
          }
          await sleep(1_000);
          response.end(`${received} bytes`);
        },
        { silenceTimeoutMs: 300 },
      );
      const socket = await open(port, head);
      socket.write(Buffer.alloc(body, "x"));
      expect(Buffer.concat(await socket.toArray()).toString()).to.match(new RegExp(`${body} bytes`));
    });
  }

  for (const [what, sent] of [
    ["before a request", ""],
    ["in the middle of a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"],
    ["over an answer", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
  ] as const) {
    it(`are cut when their client is silent ${what}`, async () => {
      const { server, port } = await serve(
        async (request, response) => {
          await request.toArray().catch(() => {});
          response.write(Buffer.alloc(64 * MIB, "x"));
        },
        { silenceTimeoutMs: 300 },
      );
      const connected = once(server, "connection") as Promise<[Socket]>;
      (await open(port, sent)).pause();
      const [cut] = await connected;
      if (!cut.destroyed) await once(cut, "close");
    });
  }

  it("are cut when their client takes too long over an answer, however it reads, and not while that is made", async () => {
    const { server, port } = await serve(
      async (request, response) => {
        if (request.url === "/slow") await sleep(3_000);
        response.end(Buffer.alloc(request.url === "/slow" ? 4 : 64 * MIB, "x"));
      },
      { takeTimeoutMs: 1_000 },
    );
    const slow = await open(port, "GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const answer = slow.toArray();
    const connected = once(server, "connection") as Promise<[Socket]>;
    const trickling = await open(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    trickling.pause();
    const reading = setInterval(() => trickling.read(1_000), 10);
    const [cut] = await connected;
    const beganAtMs = performance.now();
    await once(cut, "close");
    clearInterval(reading);
    expect(performance.now() - beganAtMs).to.be.within(900, 10_000);
    expect(Buffer.concat(await answer).toString()).to.match(/xxxx$/);
    expect(server.busy).to.equal(false);
  });
});

interface SentRequest {
  readonly wait: number;
  readonly size: number;
  readonly early: boolean;
  readonly body: "length" | "chunked" | undefined;
  readonly length: number;
  readonly content: string;
}

function writeRequest({ body, length, content, ...asked }: SentRequest, number: number): string {
  const parameters = Object.entries({ number, ...asked }).map(([name, value]) => `${name}=${value}`);
  const head = `${body === undefined ? "GET" : "POST"} /?${parameters.join("&")} HTTP/1.1\r\nHost: x\r\n`;
  const text = content.repeat(length).slice(0, length);
  if (body === undefined) return `${head}\r\n`;
  if (body === "length") return `${head}Content-Length: ${length}\r\n\r\n${text}`;
  return `${head}Transfer-Encoding: chunked\r\n\r\n${length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
}

/** What stands in each answer before its padding. */
async function readAnswers(socket: Socket, count: number): Promise<string[]> {
  const found: string[] = [];
  let text = "";
  if (count === 0) return found;
  for await (const chunk of socket) {
    text += chunk.toString("latin1");
    for (;;) {
      const head = text.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/i.exec(text.slice(0, head))?.[1]);
      if (head === -1 || text.length < head + 4 + length) break;
      found.push((/^\d+ \d+/.exec(text.slice(head + 4)) as RegExpExecArray)[0]);
      text = text.slice(head + 4 + length);
      if (found.length === count) return found;
    }
  }
  throw new Error(`${found.length} of ${count} answers, then the connection was closed`);
}
