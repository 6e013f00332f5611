import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type BenchServer, withPool } from "./bench-database.js";
import { median } from "./compare.js";
import { withFolder } from "./folder.js";
import { type Line, perSecond } from "./report.js";
import { startIngest } from "./started-ingest.js";
import { writePrices } from "./write-prices.js";

const PRICES = 1_000_000;
const ROUNDS = 3;
/** The last seven days of a month, on some of the lanes, as each delivery of a carrier has them. */
const DELIVERY = { firstDay: "2025-01-25", days: 7, lanes: 3_000 };

/** A million prices by one worker, from a folder of small files to published, against one file of them. */
export async function benchSmallBatches(server: BenchServer): Promise<Line[]> {
  return withFolder(async (folder) => {
    const sources = {
      small: await writeFiles(folder, "small", 100),
      medium: await writeFiles(folder, "medium", 10),
      large: await writeFiles(folder, "large", 1),
    };
    const seconds = { small: [] as number[], medium: [] as number[], large: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const size of ["small", "large", "medium"] as const) {
        const url = await server.createDatabase("deliveries");
        await (await startIngest(url, sources[size])).end();
        seconds[size].push(await secondsUntilPublished(url));
        await server.dropDatabase("deliveries");
      }
    }
    const large = median(seconds.large);
    return [
      {
        what: "batches of 10,000 prices, by one worker from a folder to published",
        ours: perSecond(100 / median(seconds.small)),
        peer: "",
        ratio: "",
        promised: "at least 10/s",
      },
      {
        what: "prices of batches of 100,000, from a folder; against those of one large file",
        ours: perSecond(PRICES / median(seconds.medium)),
        peer: perSecond(PRICES / large),
        ratio: (large / median(seconds.medium)).toFixed(2),
        promised: "at least 0.5",
      },
    ];
  });
}

async function writeFiles(folder: string, name: string, files: number): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  for (let file = 0; file < files; file += 1) {
    const lines = { ...DELIVERY, rows: PRICES / files, seed: files + file };
    await writePrices(path, `${String(file).padStart(3, "0")}.csv`, lines);
  }
  return path;
}

/** From the plan of the first to the publish of the last; what is folded behind it is another bench's. */
function secondsUntilPublished(url: string): Promise<number> {
  return withPool(url, async (pool) => {
    const { rows } = await pool.query<{ seconds: number; left: number }>(`
      SELECT extract(epoch FROM max(published_at) - min(created_at))::float8 AS seconds,
             count(*) FILTER (WHERE published_at IS NULL)::integer AS left
      FROM batches WHERE mode = 'append'`);
    const [found] = rows;
    if (!found || found.left > 0) throw new Error(`${found?.left} batches are not published`);
    return found.seconds;
  });
}
