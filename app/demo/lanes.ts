import { type DemoPort, demoPorts } from "./demo-places.js";
import { bellNoise, countNoise, drift, noise } from "./noise.js";
import { seaDistance, type Trade, tradeOfSea } from "./seas.js";

/** A pair of ports with prices. */
export interface Lane {
  readonly origin: string;
  readonly destination: string;
  /** Prices of one day (days since 1970-01-01), in whole US dollars. A lane with little trade often has none. */
  pricesOf(day: number): number[];
}

/**
 * Goods that a region makes minus goods that it buys. Full ships leave the Far East and come back half empty, at half
 * the price.
 */
const EXPORTS: Readonly<Record<Trade, number>> = {
  far_east: 1,
  south_east_asia: 0.6,
  south_asia: 0.3,
  middle_east: -0.3,
  mediterranean: -0.1,
  north_europe: -0.2,
  north_america: -0.8,
  latin_america: -0.2,
  africa: -0.6,
  oceania: -0.4,
};
const TRADES = Object.keys(EXPORTS) as Trade[];

/** Costs of a container before it moves. The next constant is the cost for each nautical mile. */
const TERMINALS_USD = 420;
const MILE_USD = 0.15;
/** The prices of the two directions differ by this power of the imbalance. */
const IMBALANCE = 0.45;

/** The share of pairs of the smallest ports that have trade. All pairs of the largest ports do. */
const TRADED = 0.011;
const PRICES_PER_DAY = 0.22;
const WEEKEND = [0.3, 1, 1, 1, 1, 1, 0.3] as const;
const THURSDAY_1970 = 4;

/** Every pair of ports in different countries that has a market. The result is always the same. */
export function demoLanes(): Lane[] {
  const lanes: Lane[] = [];
  for (const [from, origin] of demoPorts.entries()) {
    for (const [to, destination] of demoPorts.entries()) {
      if (origin.code.slice(0, 2) === destination.code.slice(0, 2)) continue;
      if (noise(from, to, 1) < (origin.size * destination.size) ** 1.4 * TRADED)
        lanes.push(laneBetween(origin, destination, from, to));
    }
  }
  return lanes;
}

function laneBetween(origin: DemoPort, destination: DemoPort, from: number, to: number): Lane {
  const trades = [tradeOfSea[origin.sea], tradeOfSea[destination.sea]] as const;
  const [fromTrade, toTrade] = [TRADES.indexOf(trades[0]), TRADES.indexOf(trades[1])];
  const imbalance = EXPORTS[trades[0]] - EXPORTS[trades[1]];
  const base =
    (TERMINALS_USD + MILE_USD * seaDistance(origin.sea, destination.sea)) *
    Math.exp(IMBALANCE * imbalance + 0.08 * bellNoise(from, to, 2));
  const mean =
    PRICES_PER_DAY * (origin.size * destination.size) ** 0.8 * Math.exp(0.4 * imbalance + 0.3 * bellNoise(from, to, 3));

  /** Prices rise from July to October, when shops fill their shelves. */
  const season = (day: number) => 0.09 * Math.sin(((dayOfYear(day) - 150) / 365.25) * 2 * Math.PI);
  const level = (day: number) => {
    const week = (day + THURSDAY_1970) / 7;
    const shared = 0.16 * drift(week, 13, fromTrade, toTrade, 4) + 0.06 * drift(week, 4, fromTrade, toTrade, 5);
    return base * Math.exp(shared + 0.03 * drift(week, 2, from, to, 6) + season(day) * Math.sign(imbalance));
  };
  /** On a lane with little trade, carriers offer no prices for weeks at a time. */
  const isSilent = (day: number) => mean < 1.5 && noise(Math.floor(day / 18), from, to, 7) < 0.12;

  return {
    origin: origin.code,
    destination: destination.code,
    pricesOf(day) {
      if (isSilent(day)) return [];
      const count = countNoise(mean * (WEEKEND[(day + THURSDAY_1970) % 7] ?? 1), day, from, to, 8);
      if (count === 0) return [];
      const middle = level(day);
      return Array.from({ length: count }, (_, quote) =>
        Math.round(middle * Math.exp(0.06 * bellNoise(quote, day, from, to, 9))),
      );
    },
  };
}

function dayOfYear(day: number): number {
  const date = new Date(day * 86_400_000);
  return day - Date.UTC(date.getUTCFullYear(), 0, 1) / 86_400_000;
}
