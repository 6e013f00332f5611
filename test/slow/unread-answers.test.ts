import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { startRatesapp } from "../app/commands/ratesapp.js";
import { until } from "../kit/until.js";

const MIB = 1024 * 1024;

describe("clients that send thousands of requests and read no answer", function () {
  this.timeout(60_000);
  const sockets: Socket[] = [];

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  for (const [what, path] of [
    ["api", "/openapi.json"],
    ["admin", "/metrics"],
  ] as const) {
    it(`take little memory of a server through its ${what} port, and others are answered`, async () => {
      const running = startRatesapp(["serve"], {
        HOST: "127.0.0.1",
        PORT: "0",
        ADMIN_PORT: "0",
        DATABASE_URL: "postgres://stranger@127.0.0.1:1/none",
        RATE_LIMIT_PER_SECOND: "0",
        LOG_LEVEL: "info",
      });
      try {
        const urls = JSON.parse(await running.line(/"msg":"serving"/)) as { api: string; admin: string };
        const memory = async () => {
          const metrics = await (await fetch(`${urls.admin}/metrics`)).text();
          return Number(/^process_resident_memory_bytes (\d+)/m.exec(metrics)?.[1]) / MIB;
        };
        for (let turn = 0; turn < 20; turn += 1) await memory();
        const atRest = await memory();
        const requests = `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(4_000);
        for (let count = 0; count < 50; count += 1) {
          const socket = connect(Number(new URL(urls[what]).port), "127.0.0.1").on("error", () => {});
          sockets.push(socket);
          socket.pause().write(requests);
        }
        for (let turn = 0; turn < 10; turn += 1) {
          await sleep(200);
          expect((await memory()) - atRest).to.be.below(50);
          expect((await fetch(`${urls.api}/docs/errors`)).status, "another client").to.be.oneOf([200, 503]);
        }
        await until(
          "another client is answered, once they wait",
          async () => (await fetch(`${urls.api}/docs/errors`)).status === 200,
        );
      } finally {
        running.child.kill("SIGKILL");
        await running.ended;
      }
    });
  }
});
