import type { Price } from "../kit/batches.js";
import type { PlaceTree } from "../kit/places.js";

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

  /** The dataset version grows: these prices are seen from now on, or no longer. */
  change(prices: readonly Price[], seen: boolean): void {
    this.#version += 1;
    const sign = seen ? 1 : -1;
    for (const { origin, destination, day, price } of prices) {
      const key = `${origin} ${destination} ${day}`;
      const history = this.#totals.get(key) ?? [];
      const { count, sum } = history.at(-1) ?? { count: 0, sum: 0 };
      history.push({ version: this.#version, count: count + sign, sum: sum + sign * price });
      this.#totals.set(key, history);
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
