import type { Source, SourceObject } from "../ingest/sources/source.js";
import { demoLanes, type Lane } from "./lanes.js";

const DAY_MS = 86_400_000;
const DAYS = 396;
/** The feed of all generated prices. */
export const DEMO_FEED = "demo";
const HEADER = "orig_code,dest_code,day,price\n";

export interface DemoSourceOptions {
  /** Days since 1970-01-01 (UTC). */
  readonly lastDay: number;
  /** Days (`YYYY-MM-DD`) to leave out. */
  readonly without?: ReadonlySet<string>;
}

/**
 * More than a year of generated prices up to a given day. Each day is one delivery, as carriers send them. The last day
 * comes first, because most questions are about it. A day always has the same delivery.
 */
export class DemoSource implements Source {
  readonly several = true;
  readonly #objects: readonly DemoDay[];

  constructor({ lastDay, without = new Set() }: DemoSourceOptions) {
    const lanes = demoLanes();
    this.#objects = Array.from({ length: DAYS }, (_, age) => lastDay - age)
      .filter((day) => !without.has(isoDay(day)))
      .map((day) => new DemoDay(lanes, day));
  }

  async *list(): AsyncIterable<SourceObject> {
    yield* this.#objects;
  }

  /** Number of deliveries. */
  get days(): number {
    return this.#objects.length;
  }
}

class DemoDay implements SourceObject {
  readonly name: string;
  readonly location: string;
  readonly channel = "generated";
  readonly identity: string;
  readonly ranges = true;
  readonly repeatable = true;
  readonly #lanes: readonly Lane[];
  readonly #day: number;
  #content: Buffer | undefined;

  constructor(lanes: readonly Lane[], day: number) {
    this.#lanes = lanes;
    this.#day = day;
    this.name = `demo-${isoDay(day)}.csv`;
    this.location = `generated:${this.name}`;
    this.identity = this.name;
  }

  get bytes(): number {
    return this.#generated.length;
  }

  async *read(from: number, to: number | null): AsyncIterable<Buffer> {
    yield this.#generated.subarray(from, to ?? undefined);
  }

  /** Frees the memory of the content, which is no longer needed after it was read. */
  async verify(): Promise<void> {
    this.#content = undefined;
  }

  get #generated(): Buffer {
    if (this.#content === undefined) {
      const date = isoDay(this.#day);
      const lines = this.#lanes.flatMap(({ origin, destination, pricesOf }) =>
        pricesOf(this.#day).map((price) => `${origin},${destination},${date},${price}\n`),
      );
      this.#content = Buffer.from(HEADER + lines.join(""));
    }
    return this.#content;
  }
}

function isoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
