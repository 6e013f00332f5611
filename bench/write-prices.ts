import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type PriceLines, priceLines } from "./price-source.js";

/** Writes generated prices to a file. @returns its path. */
export async function writePrices(folder: string, name: string, lines: PriceLines): Promise<string> {
  const path = join(folder, name);
  await pipeline(Readable.from(priceLines(lines)), createWriteStream(path));
  return path;
}
