import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { constants, getPriority } from "node:os";
import type { Worker } from "node:worker_threads";
import { expect } from "chai";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";
import { until } from "../../kit/until.js";
import { HEADER, type Reply, startUploadServer, type UploadServer } from "./upload-server.js";

const PRICE = "CNSGH,NLRTM,2024-01-31,1\n";

describe("the thread that loads uploads", function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let service: UploadServer;
  let thread: Worker | undefined;
  let keys = 0;
  const noteThread = (worker: Worker) => {
    thread = worker;
  };

  beforeEach(async () => {
    process.on("worker", noteThread);
    database = await createDatabase();
    await bringPlaces(database);
    service = await startUploadServer({ DATABASE_URL: database.url, DRAIN_SECONDS: "1" });
  });

  afterEach(async () => {
    process.off("worker", noteThread);
    await service.stop();
    await database.drop();
  });

  const open = async () => {
    keys += 1;
    const headers = { "content-type": "application/json", "idempotency-key": `key-${keys}` };
    return (await service.send("POST", "/batches", Buffer.from('{"feed":"a"}'), headers)).body.id;
  };
  const put = (id: number, body: Buffer | ReadableStream) => service.send("PUT", `/batches/${id}/pieces/0`, body);
  const pieces = async () =>
    (await database.pool.query<{ state: string }>("SELECT state FROM pieces")).rows.map(({ state }) => state);

  /** A piece whose body does not end, and what comes of it. */
  async function hang(id: number): Promise<{ readonly reply: Promise<Reply | Error> }> {
    const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from(HEADER + PRICE)) });
    const reply = put(id, body).catch((error: Error) => error);
    await until("the piece is being loaded", async () => (await pieces()).includes("loading"));
    return { reply };
  }

  for (const [how, end] of [
    // What it makes of this is an error that no code expects.
    ["breaks", (worker: Worker) => worker.postMessage({ job: null, port: null })],
    ["is ended", (worker: Worker) => void worker.terminate()],
  ] as const) {
    it(`takes its uploads with it when it ${how}, not the server, and the next upload finds another`, async () => {
      const id = await open();
      const hanging = await hang(id);
      end(thread as Worker);
      const reply = (await hanging.reply) as Reply;
      expect([reply.status, reply.body.type]).to.deep.equal([500, "/docs/errors#internal"]);
      expect((await fetch(`${service.server.adminUrl}/readyz`)).status).to.equal(200);
      expect((await put(id, Buffer.from(HEADER + PRICE))).status).to.equal(201);
    });
  }

  it("leaves the processors to readers where both want them, on Linux", async function () {
    if (process.platform !== "linux") this.skip();
    const low = async () => {
      const threads = await readdir("/proc/self/task");
      const priorities = threads.map((id) => getPriority(Number(id)));
      return priorities.filter((priority) => priority >= constants.priority.PRIORITY_LOW).length;
    };
    const before = await low();
    expect((await put(await open(), Buffer.from(HEADER + PRICE))).status).to.equal(201);
    expect(await low()).to.equal(before + 1);
    expect(getPriority()).to.be.below(constants.priority.PRIORITY_LOW);
  });

  it("lets go of what it is loading when the server stops", async () => {
    const { reply } = await hang(await open());
    const exited = once(thread as Worker, "exit");
    const beganAtMs = Date.now();
    await service.server.stop();
    expect(Date.now() - beganAtMs).to.be.below(4_000);
    await exited;
    expect(await reply).to.be.instanceOf(Error);
    expect(await pieces()).to.deep.equal(["waiting"]);
    const sessions =
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'ratesapp%'";
    expect((await database.pool.query(sessions)).rowCount).to.equal(0);
  });

  it("shows its connections in the metrics", async () => {
    const { reply } = await hang(await open());
    const counted = async () => {
      const metrics = await (await fetch(`${service.server.adminUrl}/metrics`)).text();
      return Number(/^ratesapp_database_pool_connections\{pool="ingest",state="total"\} (\d+)$/m.exec(metrics)?.[1]);
    };
    await until("one is counted", async () => (await counted()) > 0);
    thread?.terminate();
    await reply;
    await until("none is counted", async () => (await counted()) === 0);
  });
});
