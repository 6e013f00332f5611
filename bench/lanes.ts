import { demoPorts } from "../app/demo/demo-places.js";
import { addDays } from "../app/rates/calendar.js";
import { type BenchServer, loadPrices, settle } from "./bench-database.js";
import { compareLatency } from "./compare.js";
import { type Line, milliseconds } from "./report.js";
import { type Started, startRatesapp } from "./started.js";

const FIRST_DAY = "2025-01-01";
const DAYS = 365;
/** Questions on each side, with other lanes and days each. */
const QUESTIONS = 60;

/** Several lanes in one question, against the same lanes one by one; not in memory, on 1 million prices of a year. */
export async function benchLanes(server: BenchServer): Promise<Line[]> {
  const url = await server.createDatabase("lanes");
  await loadPrices(url, "lanes.csv", { rows: 1_000_000, firstDay: FIRST_DAY, days: DAYS, seed: 1 });
  await settle(url);
  const uncached = await startRatesapp({ DATABASE_URL: url, CACHE_BYTES: "0" });
  const lines = [
    await compare(uncached, { lanes: 2, days: 30 }),
    await compare(uncached, { lanes: 10, days: 30 }),
    await compare(uncached, { lanes: 10, days: 365 }),
  ];
  await uncached.stop();
  return lines;
}

async function compare(server: Started, { lanes, days }: { lanes: number; days: number }): Promise<Line> {
  const ranges = Array.from({ length: QUESTIONS }, (_, question) => {
    const from = addDays(FIRST_DAY, days === DAYS ? 0 : (question % 11) * 30);
    const asked = Array.from({ length: lanes }, (_, lane) => laneOf(question * 7 + lane));
    return { asked, range: `date_from=${from}&date_to=${addDays(from, days - 1)}` };
  });
  const together = ranges.map(
    ({ asked, range }) => `/rates/lanes?lanes=${asked.map((lane) => lane.join(":"))}&${range}`,
  );
  const apart = ranges.flatMap(({ asked, range }) =>
    asked.map(([origin, destination]) => `/rates?origin=${origin}&destination=${destination}&${range}`),
  );
  const { ours, peer, ratio } = await compareLatency({ server, paths: together }, { server, paths: apart });
  return {
    what: `${lanes} lanes and ${days} days in one question; against the lanes one by one`,
    ours: milliseconds(ours),
    peer: milliseconds(peer * lanes),
    ratio: (ratio / lanes).toFixed(2),
    promised: "at most 1",
    broken: ratio / lanes > 1,
  };
}

function laneOf(index: number): [origin: string, destination: string] {
  const at = (place: number) => demoPorts[place % demoPorts.length]?.code ?? "";
  return [at(index), at(index * 3 + 1)];
}
