import { formatDay, formatWeekday } from "../../day.js";
import { formatIndex, formatPrice, formatPrices } from "../series/price.js";
import { LEAST_PRICES, type Rate } from "../series/rates.js";
import type { LaneView, View } from "../series/view.js";

/** The rates of a day in words: `Sun, 31 Jan 2021: $1,014, 6 prices`; with several lanes, each with its name. */
export function describeDay({ lanes, indexed }: View, index: number): string {
  const day = formatWeekday(lanes[0]?.rates[index]?.day ?? "");
  if (lanes.length === 1 && lanes[0]) return `${day}: ${describeLane(lanes[0], index, indexed)}`;
  const each = lanes.map((lane) => `${lane.letter}, ${lane.name}: ${describeLane(lane, index, indexed)}`);
  return `${day}. ${each.join(". ")}`;
}

function describeLane({ rates, values, means }: LaneView, index: number, indexed: boolean): string {
  const format = indexed ? formatIndex : formatPrice;
  const value = values[index] ?? null;
  const mean = means?.[index] ?? null;
  const parts = [value === null ? "no rate" : format(value), describeCount(rates[index])];
  if (mean !== null) parts.push(`7-day mean ${format(mean)}`);
  return parts.join(", ");
}

function describeCount(rate: Rate | undefined): string {
  if (!rate || rate.count === null) return "no prices";
  return `${formatPrices(rate.count)}${rate.price === null ? ` of the ${LEAST_PRICES} it needs` : ""}`;
}

/** What the axis of values measures. */
export function describeUnit({ indexed, hundred }: View): string {
  if (!indexed) return "Rate, US dollars";
  return hundred ? `Index, ${formatDay(hundred)} = 100` : "Index, first rate of each lane = 100";
}
