import { writeLane } from "../question/lane.js";
import type { LaneView } from "./view.js";

/**
 * CSV (RFC 4180) of the rates, with a row for each day, newest first. One lane has the columns of `/rates.csv` of the
 * API; several have two columns each, which are named after the lane. An empty field means null.
 */
export function lanesCsv(lanes: readonly Pick<LaneView, "lane" | "rates">[]): string {
  const header = lanes.flatMap(({ lane }) => {
    const prefix = lanes.length === 1 ? "" : `${writeLane(lane)} `;
    return [`${prefix}price`, `${prefix}count`];
  });
  const rows = (lanes[0]?.rates ?? []).map(({ day }, index) => [
    day,
    ...lanes.flatMap(({ rates }) => [rates[index]?.price ?? "", rates[index]?.count ?? ""]),
  ]);
  return [["day", ...header], ...rows.reverse()].map((cells) => `${cells.join(",")}\r\n`).join("");
}
