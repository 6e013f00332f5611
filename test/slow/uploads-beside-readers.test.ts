import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import zlib from "node:zlib";
import { expect } from "chai";
import { HEADER, type Reply, startUploadServer, type UploadServer } from "../app/api/upload-server.js";
import { useDatabase } from "../kit/database.js";
import { bringPlaces } from "../kit/places.js";

const QUESTION = "/rates?date_from=2024-01-01&date_to=2024-01-31&orig_code=CNSGH&dest_code=NLRTM";
const ASK_EVERY_MS = 50;

const MIB = 1024 * 1024;
const BLOCK_BYTES = 128 * 1024;

/** A frame of zstd that holds the header of CSV and then one byte again and again: 32 bytes for each MiB. */
function zstdOf(byte: string, bytes: number): Buffer {
  const block = (type: "raw" | "repeated", size: number, content: string, last = false) => {
    const head = Buffer.alloc(3);
    head.writeUIntLE(size * 8 + (type === "raw" ? 0 : 2) + Number(last), 0, 3);
    return Buffer.concat([head, Buffer.from(content)]);
  };
  const repeated = Array.from({ length: bytes / BLOCK_BYTES }, () => block("repeated", BLOCK_BYTES, byte));
  const start = Buffer.from("28b52ffd0050", "hex");
  return Buffer.concat([start, block("raw", HEADER.length, HEADER), ...repeated, block("raw", 0, "", true)]);
}

const lines = (count: number, line: string) => Buffer.from(HEADER + line.repeat(count));

describe("readers beside uploads", function () {
  this.timeout(60_000);
  const test = useDatabase();
  let service: UploadServer;
  let keys = 0;

  before(async () => {
    await bringPlaces(test.database);
    service = await startUploadServer({ DATABASE_URL: test.url, CACHE_BYTES: "0" });
    // Which starts the thread.
    await upload(lines(1, "CNSGH,NLRTM,2024-01-31,1\n"));
  });

  after(async () => {
    await service.stop();
  });

  const upload = (body: Buffer) => {
    keys += 1;
    return service.send("POST", "/batches?feed=a&max_bad_rows=1", body, { "idempotency-key": `key-${keys}` });
  };

  /** Asks until every upload has its answer. */
  async function askBeside(uploads: Promise<readonly Reply[]>) {
    const { apiUrl, adminUrl } = service.server;
    const beganAtMs = performance.now();
    const statuses = new Set<number>();
    let answeredAtMs = beganAtMs;
    let silenceMs = 0;
    const noteSilence = () => {
      silenceMs = Math.max(silenceMs, performance.now() - answeredAtMs);
      answeredAtMs = performance.now();
    };
    const get = async (url: string) => {
      const response = await fetch(url);
      await response.arrayBuffer();
      statuses.add(response.status);
      noteSilence();
    };
    const asked: Promise<void>[] = [];
    for (let ended = false; !ended; ) {
      asked.push(get(apiUrl + QUESTION), get(`${adminUrl}/livez`));
      ended = await Promise.race([uploads.then(() => true), sleep(ASK_EVERY_MS, false)]);
    }
    noteSilence();
    const durationMs = performance.now() - beganAtMs;
    await Promise.all(asked);
    return { statuses: [...statuses], silenceMs, durationMs };
  }

  for (const [content, body, count, status] of [
    ["lines in quotes, three bodies at once", lines(100_000, '"CNSGH","NLRTM","2024-01-30","1234"\n'), 3, 202],
    ["bad lines of a character", lines(1_000_000, "x\n"), 1, 422],
    ["64 MiB of empty lines in 2 KiB of zstd", zstdOf("\n", 64 * MIB), 1, 422],
    ["a line of 256 MiB in 8 KiB of zstd", zstdOf("x", 256 * MIB), 1, 422],
    ["64 MiB of empty lines in gzip", zlib.gzipSync(lines(64 * MIB, "\n")), 1, 422],
  ] as const) {
    it(`get their answers while the service reads ${content}`, async () => {
      const uploads = Promise.all(Array.from({ length: count }, () => upload(body)));
      const { statuses, silenceMs, durationMs } = await askBeside(uploads);
      expect(statuses).to.deep.equal([200]);
      // An event loop that unpacks and parses gives no answer before it is done. A busy machine is slow in both.
      expect(silenceMs).to.be.below(0.5 * durationMs + 300);
      expect((await uploads).map((reply) => reply.status)).to.deep.equal(Array(count).fill(status));
    });
  }
});
