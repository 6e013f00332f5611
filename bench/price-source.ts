import { demoPorts } from "../app/demo/demo-places.js";
import type { Source, SourceObject } from "../app/ingest/sources/source.js";

const DAY_MS = 86_400_000;
const CHUNK_LINES = 4_000;

export interface PriceLines {
  readonly rows: number;
  readonly firstDay: string;
  readonly days: number;
  readonly seed: number;
  /** Pairs of ports that have prices, at most; all of them if not given. */
  readonly lanes?: number;
}

/**
 * A CSV of prices between the ports of the demo: day after day, lanes in random order, so that a lane's prices of one
 * day stand apart as in a delivery put together from many carriers. The same lines for the same seed, in constant
 * memory.
 */
export function* priceLines({ rows, firstDay, days, seed, lanes }: PriceLines): Generator<Buffer> {
  const codes = demoPorts.map((port) => port.code);
  const first = Date.parse(firstDay);
  let state = seed >>> 0;
  // https://en.wikipedia.org/wiki/Lehmer_random_number_generator, 32 bits (Numerical Recipes' constants)
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let text = "orig_code,dest_code,day,price\n";
  for (let row = 0; row < rows; row += 1) {
    const lane = lanes === undefined ? null : random(lanes);
    const origin = lane === null ? random(codes.length) : lane % codes.length;
    const step = lane === null ? random(codes.length - 1) : Math.floor(lane / codes.length);
    const destination = (origin + 1 + step) % codes.length;
    const day = new Date(first + Math.floor((row * days) / rows) * DAY_MS).toISOString().slice(0, 10);
    text += `${codes[origin]},${codes[destination]},${day},${800 + random(4_000)}\n`;
    if ((row + 1) % CHUNK_LINES === 0) {
      yield Buffer.from(text);
      text = "";
    }
  }
  if (text !== "") yield Buffer.from(text);
}

/** The same lines as something that can be ingested. */
export function priceSource(name: string, lines: PriceLines): Source {
  const object: SourceObject = {
    name,
    location: `generated:${name}`,
    channel: "generated",
    identity: name,
    bytes: null,
    ranges: false,
    repeatable: true,
    async *read() {
      yield* priceLines(lines);
    },
    async verify() {},
  };
  return {
    several: false,
    async *list() {
      yield object;
    },
  };
}

/** A folder of so many deliveries, each small and in memory while it is loaded. */
export function smallSource(deliveries: number, linesOf: (delivery: number) => PriceLines): Source {
  return {
    several: true,
    async *list() {
      for (let delivery = 1; delivery <= deliveries; delivery += 1) {
        const name = `${String(delivery).padStart(6, "0")}.csv`;
        const content = Buffer.concat([...priceLines(linesOf(delivery))]);
        yield {
          name,
          location: `generated:${name}`,
          channel: "generated",
          identity: name,
          bytes: content.length,
          ranges: true,
          repeatable: true,
          async *read(from: number, to: number | null) {
            yield content.subarray(from, to ?? content.length);
          },
          async verify() {},
        };
      }
    },
  };
}
