import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { usePalette } from "../../look/palette.js";
import type { DayRange } from "../question/range.js";
import { LEAST_PRICES } from "../series/rates.js";
import type { View } from "../series/view.js";
import { dayAfterKey } from "./chart-keys.js";
import { ChartTip } from "./chart-tip.js";
import { describeDay, describeUnit } from "./describe-day.js";
import { drawPlots, type Plots } from "./plots.js";
import { useWidth } from "./use-width.js";

interface RateChartProps {
  readonly view: View;
  readonly summary: string;
  /** Called with the days that the visitor wants to see; undefined for the whole range. */
  readonly onZoom: (days: DayRange | undefined) => void;
}

/**
 * The chart. It is a slider over its days, so that it can be used with arrow keys in every screen reader, which reads
 * out the rates of each day. All days are also in the table below it.
 */
export function RateChart({ view, summary, onZoom }: RateChartProps) {
  const id = useId();
  const line = useRef<HTMLDivElement>(null);
  const bars = useRef<HTMLDivElement>(null);
  const plots = useRef<Plots | undefined>(undefined);
  const palette = usePalette();
  const width = useWidth(line);
  const [pointed, setPointed] = useState<number | null>(null);

  const days = useMemo(() => view.lanes[0]?.rates.map(({ day }) => day) ?? [], [view]);
  const last = days.length - 1;
  const zoom = (from: number, to: number) => {
    const [dateFrom, dateTo] = [days[Math.max(0, from)], days[Math.min(last, to)]];
    if (dateFrom && dateTo && dateFrom < dateTo) onZoom({ dateFrom, dateTo });
  };
  const handlers = { onPoint: setPointed, onZoom: zoom, onWhole: () => onZoom(undefined) };
  const latestHandlers = useRef(handlers);
  latestHandlers.current = handlers;

  useLayoutEffect(() => {
    if (!line.current || !bars.current || width === 0) return;
    setPointed(null);
    const made = drawPlots({ line: line.current, bars: bars.current, view, palette, width, handlers: latestHandlers });
    plots.current = made;
    return () => made.destroy();
  }, [view, palette, width > 0]);

  useEffect(() => {
    if (width > 0) plots.current?.resize(width);
  }, [width]);

  const at = Math.min(last, pointed ?? last);
  return (
    <div
      class="chart"
      role="slider"
      tabIndex={0}
      aria-label={summary}
      aria-valuemin={1}
      aria-valuemax={days.length}
      aria-valuenow={at + 1}
      aria-valuetext={describeDay(view, at)}
      aria-describedby={`${id}-keys`}
      onKeyDown={(event) => {
        const next = dayAfterKey(event.key, at, last);
        if (event.key === "+") zoom(at - Math.ceil(last / 4), at + Math.ceil(last / 4));
        else if (event.key === "-") onZoom(undefined);
        else if (next === undefined) return;
        else {
          plots.current?.point(next);
          setPointed(next);
        }
        event.preventDefault();
      }}
    >
      <p class="chart-label" aria-hidden="true">
        <span>{describeUnit(view)}</span>
        <span>Gaps: fewer than {LEAST_PRICES} prices</span>
      </p>
      <div class="chart-line">
        <div ref={line} />
        {pointed !== null && <ChartTip view={view} index={at} left={plots.current?.leftOf(at) ?? 0} width={width} />}
      </div>
      {view.lanes.length === 1 && (
        <p class="chart-label" aria-hidden="true">
          Number of prices
        </p>
      )}
      <div ref={bars} />
      <p class="unseen" id={`${id}-keys`}>
        Plus zooms in, minus shows the whole range.
      </p>
    </div>
  );
}
