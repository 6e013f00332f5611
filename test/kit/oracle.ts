import type { Price } from "./batches.js";
import type { PlaceTree } from "./places.js";

/** A day of an answer of `/rates`. */
export interface Rate {
  readonly day: string;
  readonly price: number | null;
  readonly count: number | null;
}

export interface Question {
  readonly origin: string;
  readonly destination: string;
  readonly dateFrom: string;
  readonly dateTo: string;
}

/** A batch as consumers see it. */
export interface Batch {
  readonly feed: string;
  readonly mode: "append" | "replace";
  readonly prices: readonly Price[];
}

/** The prices of a batch on one day. */
interface Held {
  readonly batch: Batch;
  readonly prices: readonly Price[];
}

/** From a version on, what the prices of a lane and day come to. */
interface Totals {
  readonly version: number;
  readonly count: number;
  readonly sum: number;
}

const DAY_MS = 86_400_000;

/** What consumers should see in each dataset version, from the changes that made them, and plain sums. */
export class Oracle {
  /** Ports of each place. */
  readonly #ports = new Map<string, readonly string[]>();
  /** By `origin destination day`, oldest first. */
  readonly #totals = new Map<string, Totals[]>();
  /** By `feed day`, in the order of first publishes. */
  readonly #held = new Map<string, Held[]>();
  readonly #published = new Set<Batch>();
  #version: number;

  /** @param version before the first change. */
  constructor({ ports, regions }: PlaceTree, version: number) {
    this.#version = version;
    const regionsAbove = (region: string): string[] =>
      region === "" ? [] : [region, ...regionsAbove(regions[region] ?? "")];
    for (const code of [...Object.keys(ports), ...Object.keys(regions)]) {
      this.#ports.set(
        code,
        Object.keys(ports).filter((port) => port === code || regionsAbove(ports[port] as string).includes(code)),
      );
    }
  }

  /** The newest version whose changes are known. */
  get version(): number {
    return this.#version;
  }

  get places(): readonly string[] {
    return [...this.#ports.keys()];
  }

  /** The dataset version grows: the batch is published from now on, or no longer. */
  change(batch: Batch, published: boolean): void {
    this.#version += 1;
    const held = [...new Set(batch.prices.map(({ day }) => day))].map((day) => this.#holdersOf(batch, day));
    const before = held.flatMap((all) => this.#seen(all));
    if (published) this.#published.add(batch);
    else this.#published.delete(batch);
    this.#add(before, -1);
    this.#add(
      held.flatMap((all) => this.#seen(all)),
      1,
    );
  }

  /** Those of the batch's feed that have prices of the day, this batch included. */
  #holdersOf(batch: Batch, day: string): readonly Held[] {
    const key = `${batch.feed} ${day}`;
    const held = this.#held.get(key) ?? [];
    this.#held.set(key, held);
    if (!held.some((one) => one.batch === batch)) {
      held.push({ batch, prices: batch.prices.filter((price) => price.day === day) });
    }
    return held;
  }

  /** What consumers see of the batches of a feed on a day: the last one that replaces, and those behind it. */
  #seen(held: readonly Held[]): readonly Price[] {
    const published = held.filter(({ batch }) => this.#published.has(batch));
    const from = published.findLastIndex(({ batch }) => batch.mode === "replace");
    return published.slice(Math.max(0, from)).flatMap(({ prices }) => prices);
  }

  #add(prices: readonly Price[], sign: 1 | -1): void {
    for (const { origin, destination, day, price } of prices) {
      const key = `${origin} ${destination} ${day}`;
      const history = this.#totals.get(key) ?? [];
      this.#totals.set(key, history);
      const last = history.at(-1);
      const { count, sum } = last ?? { count: 0, sum: 0 };
      if (last?.version === this.#version) history.pop();
      history.push({ version: this.#version, count: count + sign, sum: sum + sign * price });
    }
  }

  /** The answer in a version; newest day first, as the API has it. */
  answer({ origin, destination, dateFrom, dateTo }: Question, version: number): Rate[] {
    const rates: Rate[] = [];
    for (let at = Date.parse(dateTo); at >= Date.parse(dateFrom); at -= DAY_MS) {
      const day = new Date(at).toISOString().slice(0, 10);
      let [count, sum] = [0, 0];
      for (const from of this.#ports.get(origin) ?? []) {
        for (const to of this.#ports.get(destination) ?? []) {
          const totals = this.#totals.get(`${from} ${to} ${day}`)?.findLast((known) => known.version <= version);
          count += totals?.count ?? 0;
          sum += totals?.sum ?? 0;
        }
      }
      rates.push({ day, price: count >= 3 ? sum / count : null, count: count > 0 ? count : null });
    }
    return rates;
  }
}
