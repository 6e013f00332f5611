import type { Source, SourceObject } from "../ingest/sources/source.js";
import { demoLanes, type Lane } from "./lanes.js";

const DAY_MS = 86_400_000;
const MONTHS = 13;
/** The feed of all generated prices. */
export const DEMO_FEED = "demo";
const HEADER = "orig_code,dest_code,day,price\n";

export interface DemoSourceOptions {
  /** Days since 1970-01-01 (UTC). */
  readonly lastDay: number;
  /** Called after each day that was read. */
  readonly onDay?: () => void;
}

/**
 * At least a year of generated prices up to a given day, one delivery for each month. A past month is always the same
 * delivery. The current month is a new delivery each day, which replaces the one of the day before.
 */
export class DemoSource implements Source {
  readonly several = true;
  readonly #objects: readonly DemoMonth[];

  constructor({ lastDay, onDay = () => {} }: DemoSourceOptions) {
    const lanes = demoLanes();
    const last = new Date(lastDay * DAY_MS);
    this.#objects = Array.from({ length: MONTHS }, (_, index) => {
      const month = (offset: number) => Date.UTC(last.getUTCFullYear(), last.getUTCMonth() + offset, 1) / DAY_MS;
      const first = index - MONTHS + 1;
      return new DemoMonth(lanes, month(first), Math.min(lastDay, month(first + 1) - 1), onDay);
    });
  }

  async *list(): AsyncIterable<SourceObject> {
    yield* this.#objects;
  }

  /** How many days all deliveries contain together. */
  get days(): number {
    return this.#objects.reduce((sum, { days }) => sum + days, 0);
  }
}

class DemoMonth implements SourceObject {
  readonly name: string;
  readonly location: string;
  readonly channel = "generated";
  readonly identity: string;
  readonly bytes = null;
  readonly ranges = false;
  readonly repeatable = true;
  readonly #lanes: readonly Lane[];
  readonly #firstDay: number;
  readonly #lastDay: number;
  readonly #onDay: () => void;

  constructor(lanes: readonly Lane[], firstDay: number, lastDay: number, onDay: () => void) {
    this.#lanes = lanes;
    this.#firstDay = firstDay;
    this.#lastDay = lastDay;
    this.#onDay = onDay;
    this.name = `demo-${isoDay(firstDay).slice(0, 7)}.csv`;
    this.location = `generated:${this.name}`;
    this.identity = `${this.name} until ${isoDay(lastDay)}`;
  }

  get days(): number {
    return this.#lastDay - this.#firstDay + 1;
  }

  /** Gives one chunk for each day. */
  async *read(_from: number, _to: number | null, signal?: AbortSignal): AsyncIterable<Buffer> {
    yield Buffer.from(HEADER);
    for (let day = this.#firstDay; day <= this.#lastDay; day += 1) {
      signal?.throwIfAborted();
      yield Buffer.from(this.#linesOf(day));
      this.#onDay();
    }
  }

  async verify(): Promise<void> {}

  #linesOf(day: number): string {
    const date = isoDay(day);
    let lines = "";
    for (const { origin, destination, pricesOf } of this.#lanes) {
      for (const price of pricesOf(day)) lines += `${origin},${destination},${date},${price}\n`;
    }
    return lines;
  }
}

function isoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
