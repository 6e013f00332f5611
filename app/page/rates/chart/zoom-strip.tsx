import { useMemo } from "preact/hooks";
import { addDays, type Day, daysIn, formatDay } from "../../day.js";
import type { DayRange } from "../question/range.js";
import type { View } from "../series/view.js";
import { outlineOf } from "./outline.js";

interface ZoomStripProps {
  /** The whole range. */
  readonly whole: View;
  /** The days that the chart shows. */
  readonly shown: DayRange;
  /** Called while a handle moves. */
  readonly onDrag: (days: DayRange) => void;
  /** Called when a handle has moved; undefined for the whole range. */
  readonly onZoom: (days: DayRange | undefined, how: "replace") => void;
}

/** The whole range in small, with a handle at each end of what the chart shows: for mouse, finger and keyboard. */
export function ZoomStrip({ whole, shown, onDrag, onZoom }: ZoomStripProps) {
  const { dateFrom, dateTo } = whole.days;
  const last = daysIn(dateFrom, dateTo) - 1;
  const from = daysIn(dateFrom, shown.dateFrom) - 1;
  const to = daysIn(dateFrom, shown.dateTo) - 1;
  const outlines = useMemo(() => outlineOf(whole.lanes.map(({ values, means }) => means ?? values)), [whole]);
  if (last < 2) return null;

  const dayAt = (index: number): Day => addDays(dateFrom, index);
  const daysAt = (first: number, end: number): DayRange => ({ dateFrom: dayAt(first), dateTo: dayAt(end) });
  const settle = ({ dateFrom: first, dateTo: end }: DayRange) =>
    onZoom(first === dateFrom && end === dateTo ? undefined : { dateFrom: first, dateTo: end }, "replace");
  const share = (index: number) => `${(100 * index) / last}%`;
  const handle = (name: string, at: number, moved: (index: number) => DayRange) => (
    <input
      type="range"
      class="zoom-handle"
      aria-label={name}
      aria-valuetext={formatDay(dayAt(at))}
      min={0}
      max={last}
      value={at}
      onInput={(event) => {
        const days = moved(event.currentTarget.valueAsNumber);
        // A handle does not pass the other one.
        event.currentTarget.value = String(daysIn(dateFrom, name === FIRST ? days.dateFrom : days.dateTo) - 1);
        onDrag(days);
      }}
      onChange={(event) => settle(moved(event.currentTarget.valueAsNumber))}
    />
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out over a drawing in every browser
    <div class="zoom" role="group" aria-label="Zoom">
      <div class="zoom-track">
        <svg viewBox={`0 0 ${last} 100`} preserveAspectRatio="none" aria-hidden="true">
          {outlines.map((path, index) => (
            <path
              key={whole.lanes[index]?.position}
              class={`lane-${(whole.lanes[index]?.position ?? 0) + 1}`}
              d={path}
            />
          ))}
        </svg>
        <div class="zoom-hidden" style={{ insetInlineStart: 0, width: share(from) }} />
        <div class="zoom-hidden" style={{ insetInlineEnd: 0, width: share(last - to) }} />
      </div>
      {handle(FIRST, from, (index) => daysAt(Math.min(index, to - 1), to))}
      {handle(LAST, to, (index) => daysAt(from, Math.max(index, from + 1)))}
    </div>
  );
}

const FIRST = "First day shown";
const LAST = "Last day shown";
