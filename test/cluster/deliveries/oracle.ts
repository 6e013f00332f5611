import { days, ports, prices, regions } from "./deliveries.js";

/** One day of an answer, as the API gives it. */
export interface Rate {
  readonly day: string;
  readonly price: number | null;
  readonly count: number | null;
}

/** Averages computed from the delivery itself, the slow way. */
export class Oracle {
  readonly #sums: Float64Array;
  readonly #counts: Uint32Array;

  constructor(count: number) {
    const size = ports.length * ports.length * days.length;
    this.#sums = new Float64Array(size);
    this.#counts = new Uint32Array(size);
    for (const [origin, destination, day, price] of prices(count)) {
      const cell = (origin * ports.length + destination) * days.length + day;
      this.#sums[cell] = (this.#sums[cell] ?? 0) + price;
      this.#counts[cell] = (this.#counts[cell] ?? 0) + 1;
    }
  }

  /** Newest first, every day of the range; no price under three of them, no count without any. */
  rates(origin: string, destination: string, from: string, to: string): Rate[] {
    const wanted = days.filter((day) => day >= from && day <= to).reverse();
    return wanted.map((day) => {
      let sum = 0;
      let count = 0;
      for (const a of portsIn(origin)) {
        for (const b of portsIn(destination)) {
          const cell = (a * ports.length + b) * days.length + days.indexOf(day);
          sum += this.#sums[cell] ?? 0;
          count += this.#counts[cell] ?? 0;
        }
      }
      return { day, price: count < 3 ? null : sum / count, count: count === 0 ? null : count };
    });
  }
}

/** Indexes of the ports of a place, at any depth. */
function portsIn(code: string): number[] {
  const below = (region: string): string[] => [
    region,
    ...regions.filter(({ parent }) => parent === region).flatMap((child) => below(child.code)),
  ];
  const places = new Set(below(code));
  return ports.flatMap((port, index) => (port.code === code || places.has(port.parent) ? [index] : []));
}
