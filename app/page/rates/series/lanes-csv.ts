import { writeLane } from "../question/lane.js";
import type { LaneView } from "./view.js";

/**
 * CSV (RFC 4180) of the rates, with a row for each day, newest first. One lane has the columns of `/rates.csv` of the
 * API: price and count. Several lanes have one column each, with the price, as in `/rates/lanes.csv`. An empty field
 * means null.
 */
export function lanesCsv(lanes: readonly Pick<LaneView, "lane" | "rates">[]): string {
  const [first] = lanes;
  const columns = lanes.length === 1 ? ["price", "count"] : lanes.map(({ lane }) => writeLane(lane));
  const rows = (first?.rates ?? []).map(({ day, count }, index) => [
    day,
    ...lanes.map(({ rates }) => rates[index]?.price ?? ""),
    ...(lanes.length === 1 ? [count ?? ""] : []),
  ]);
  return [["day", ...columns], ...rows.reverse()].map((cells) => `${cells.join(",")}\r\n`).join("");
}
