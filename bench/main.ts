import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { Command } from "commander";
import { benchBatches } from "./batches.js";
import { type BenchServer, openBenchServer } from "./bench-database.js";
import { benchHuge, benchIngest, benchReaders, benchWorkers } from "./ingest.js";
import { benchLanes } from "./lanes.js";
import { benchPublish } from "./publish.js";
import { benchRegions } from "./regions.js";
import { benchReplaces } from "./replaces.js";
import { table } from "./report.js";
import { benchGrowth, benchServing } from "./serving.js";
import { benchSmallBatches } from "./small-batches.js";
import { benchUploads } from "./uploads.js";

const BENCHES = {
  serving: benchServing,
  lanes: benchLanes,
  growth: benchGrowth,
  ingest: benchIngest,
  workers: benchWorkers,
  readers: benchReaders,
  uploads: benchUploads,
  huge: benchHuge,
  publish: benchPublish,
  batches: async (server: BenchServer) => [...(await benchBatches(server)), ...(await benchSmallBatches(server))],
  replaces: benchReplaces,
  regions: benchRegions,
} as const;
type Name = keyof typeof BENCHES;
const names = Object.keys(BENCHES) as Name[];

let running: BenchServer | undefined;
let stopping = false;

const program = new Command("bench")
  .description("Compare ratesapp with named peers, side by side in one run; prints Markdown tables of ratios.")
  .argument("[names...]", `which: ${names.join(", ")}; all without any`)
  .action(async (given: string[]) => {
    const unknown = given.filter((name) => !names.includes(name as Name));
    if (unknown.length > 0) program.error(`There is no bench ${unknown.join(", ")}; there are ${names.join(", ")}.`);
    execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
    console.log(machine());
    for (const name of given.length > 0 ? (given as Name[]) : names) {
      const server = await openBenchServer();
      running = server;
      try {
        const lines = await BENCHES[name](server);
        console.log(`\n## ${name}\n\n${table(lines)}`);
        for (const { what, ratio, promised, broken } of lines) {
          if (!broken) continue;
          console.error(`\nNot kept: ${what}: ${ratio}, promised ${promised}`);
          process.exitCode = 1;
        }
      } finally {
        if (!stopping) await server.close();
      }
    }
  });

// Otherwise the server's folder, of gigabytes, would stay.
const stop = async (code: number) => {
  stopping = true;
  await running?.close();
  process.exit(code);
};
process.once("SIGINT", () => stop(130));
process.once("SIGTERM", () => stop(143));
await program.parseAsync().catch((error: unknown) => {
  if (!stopping) throw error;
});

function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} cores (${cpu?.model.trim()}), ${Math.round(totalmem() / 1024 ** 3)} GiB, Node.js ${process.version}, PostgreSQL 17, ${new Date().toISOString().slice(0, 10)}`;
}
