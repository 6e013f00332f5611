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
  const onTheLeft = left > width / 2;
  const rows = lanes
    .map(({ position, rates, values, means }) => ({
      position,
      count: rates[index]?.count ?? null,
      value: values[index] ?? null,
      mean: means?.[index] ?? null,
    }))
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  return (
    <div
      class={`tip ${onTheLeft ? "tip-left" : ""}`}
      style={onTheLeft ? { right: `${width - left + 12}px` } : { left: `${left + 12}px` }}
      aria-hidden="true"
    >
      <p class="tip-day">{formatWeekday(lanes[0]?.rates[index]?.day ?? "")}</p>
      {rows.map(({ position, count, value, mean }) => (
        <p key={position} class="tip-lane">
          {lanes.length > 1 && <LaneLetter position={position} />}
          <b>{value === null ? "no rate" : format(value)}</b>
          {mean !== null && <span>7-day mean {format(mean)}</span>}
          <span>{count === null ? "no prices" : formatPrices(count)}</span>
        </p>
      ))}
    </div>
  );
}
