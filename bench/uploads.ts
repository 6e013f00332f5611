import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type BenchServer, loadPrices, settle } from "./bench-database.js";
import { median } from "./compare.js";
import { withFolder } from "./folder.js";
import { priceLines } from "./price-source.js";
import { type Line, milliseconds } from "./report.js";
import type { UploadsOptions } from "./send-uploads.js";
import { mixed } from "./serving.js";
import { applyLoad, endWithBench, type Started, startRatesapp } from "./started.js";

const ROUNDS = 5;
/** Two readers wait for each answer before they ask again: the server's other core is left to the uploads. */
const READERS = 2;
const LINES = 400_000;
const PRICES = { rows: LINES, firstDay: "2025-01-01", days: 31, seed: 2 };

/**
 * p99 of readers while bodies are uploaded to the server that answers them, against their p99 at rest. Client, server
 * and Postgres share the machine.
 */
export function benchUploads(server: BenchServer): Promise<Line[]> {
  return withFolder(async (folder) => {
    const url = await server.createDatabase("uploads");
    await loadPrices(url, "uploads.csv", { rows: 1_000_000, firstDay: "2025-01-01", days: 365, seed: 1 });
    const token = randomBytes(32).toString("hex");
    const tokens = join(folder, "tokens");
    await writeFile(tokens, `bench:${createHash("sha256").update(token).digest("hex")}\n`);
    const quoted = await writeLines(folder, "quoted.csv", (line) => line.replace(/[^,]+/g, '"$&"'));
    const bad = await writeLines(folder, "bad.csv", (line) => line.replace(/,[^,]*$/, ",none"));
    const serving = await startRatesapp({ DATABASE_URL: url, WRITE_TOKENS_FILE: tokens });
    try {
      let asked = 0;
      const readersP99Ms = async () => {
        const paths = mixed(asked++);
        return (await applyLoad({ kind: "latency", url: serving.url, paths, connections: READERS, durationSeconds: 8 }))
          .p99Ms;
      };
      await readersP99Ms();
      const lines: Line[] = [];
      for (const [what, file, uploads] of [
        ["one upload of quoted fields", quoted, 1],
        ["three uploads of quoted fields at once", quoted, 3],
        ["three uploads of bad lines at once", bad, 3],
      ] as const) {
        const p99 = { rest: [] as number[], busy: [] as number[] };
        for (let round = 0; round < ROUNDS; round += 1) {
          await settle(url);
          p99.rest.push(await readersP99Ms());
          const sending = sendUploads(serving, { token, file, uploads, maxBadRows: LINES });
          await sleep(1_000);
          p99.busy.push(await readersP99Ms());
          sending.stop();
        }
        lines.push({
          what: `p99 of readers beside ${what}, without a pause; against at rest`,
          ours: milliseconds(median(p99.busy)),
          peer: milliseconds(median(p99.rest)),
          ratio: median(p99.busy.map((busy, round) => busy / (p99.rest[round] as number))).toFixed(2),
          promised: "at most 2",
        });
      }
      return lines;
    } finally {
      await serving.stop();
    }
  });
}

function sendUploads({ url }: Started, options: Omit<UploadsOptions, "url">): { stop(): void } {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", fileURLToPath(new URL("./send-uploads.ts", import.meta.url))],
    { stdio: ["pipe", "ignore", "inherit"] },
  );
  endWithBench(child);
  child.stdin.end(JSON.stringify({ url, ...options } satisfies UploadsOptions));
  return {
    stop() {
      if (!child.kill("SIGKILL")) throw new Error("the uploads ended before they were stopped");
    },
  };
}

/** Lines of prices, each of them changed. */
async function writeLines(folder: string, name: string, change: (line: string) => string): Promise<string> {
  const file = join(folder, name);
  const [header, ...lines] = Buffer.concat([...priceLines(PRICES)])
    .toString("utf8")
    .trimEnd()
    .split("\n");
  await writeFile(file, `${header}\n${lines.map(change).join("\n")}\n`);
  return file;
}
