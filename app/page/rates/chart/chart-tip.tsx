import { formatWeekday } from "../../day.js";
import { LaneLetter } from "../question/lane-letter.js";
import { formatIndex, formatPrice, formatPrices } from "../series/price.js";
import type { View } from "../series/view.js";

interface ChartTipProps {
  readonly view: View;
  /** Index of the day. */
  readonly index: number;
  /** Distance of the day from the left edge of the chart, in pixels. */
  readonly left: number;
  /** Width of the chart, in pixels. */
  readonly width: number;
}

/** What each lane has on the day under the pointer, highest first as the lines. The slider says it to screen readers. */
export function ChartTip({ view: { lanes, indexed }, index, left, width }: ChartTipProps) {
  const format = indexed ? formatIndex : formatPrice;
  const rows = lanes
    .map(({ position, rates, values, means }) => ({
      position,
      count: rates[index]?.count ?? null,
      value: values[index] ?? null,
      mean: means?.[index] ?? null,
    }))
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  return (
    <div class="tip" style={placeBeside(left, width)} aria-hidden="true">
      <p class="tip-day">{formatWeekday(lanes[0]?.rates[index]?.day ?? "")}</p>
      {rows.map(({ position, count, value, mean }) => (
        <p key={position} class="tip-lane">
          {lanes.length > 1 && <LaneLetter position={position} />}
          <b>{value === null ? "no rate" : format(value)}</b>
          {mean !== null && <span>7-day mean {format(mean)}</span>}
          <span class="tip-count">{count === null ? "no prices" : formatPrices(count)}</span>
        </p>
      ))}
    </div>
  );
}

const GAP = 12;
/** On a narrower chart, what has no room beside the day stands at the far edge. */
const NARROW = 520;

/** Where the tip does not cover its day, and is not cut. */
function placeBeside(left: number, width: number): { left?: string; right?: string } {
  if (left > width / 2) return width < NARROW ? { left: "0" } : { right: `${width - left + GAP}px` };
  return width < NARROW ? { right: "0" } : { left: `${left + GAP}px` };
}
