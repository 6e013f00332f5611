import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { formatWeekday } from "../day.js";
import { usePalette } from "../look/palette.js";
import { formatPrice, formatPrices } from "./price.js";
import { drawRatePlots, type RatePlots } from "./rate-plots.js";
import { LEAST_PRICES, type Rate } from "./rates.js";

interface RateChartProps {
  /** Oldest first, at least one. */
  readonly rates: readonly Rate[];
  readonly summary: string;
  /** Index of the day that the pointer is on; null for none. */
  readonly pointed: number | null;
  readonly onPoint: (index: number | null) => void;
}

/**
 * The chart. It is a slider over its days, so that it can be used with arrow keys in every screen reader, which reads
 * out the rate of each day. All days are also in the table below it.
 */
export function RateChart({ rates, summary, pointed, onPoint }: RateChartProps) {
  const line = useRef<HTMLDivElement>(null);
  const bars = useRef<HTMLDivElement>(null);
  const plots = useRef<RatePlots | undefined>(undefined);
  const palette = usePalette();
  const [width, setWidth] = useState(0);

  useLayoutEffect(() => {
    const box = line.current;
    if (!box) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    if (!line.current || !bars.current || width === 0) return;
    const made = drawRatePlots({ line: line.current, bars: bars.current, rates, palette, width, onPoint });
    plots.current = made;
    return () => made.destroy();
  }, [rates, palette, width > 0]);

  useEffect(() => {
    if (width > 0) plots.current?.resize(width);
  }, [width]);

  const last = rates.length - 1;
  const at = pointed ?? last;
  const current = rates[at];

  function onKeyDown(event: KeyboardEvent) {
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowDown: -1,
      ArrowUp: 1,
      PageDown: -7,
      PageUp: 7,
    };
    const by = steps[event.key];
    let next: number | null;
    if (event.key === "Home") next = 0;
    else if (event.key === "End") next = last;
    else if (event.key === "Escape") next = null;
    else if (by !== undefined) next = Math.min(last, Math.max(0, at + by));
    else return;
    event.preventDefault();
    plots.current?.point(next);
    onPoint(next);
  }

  return (
    <div
      class="chart"
      role="slider"
      tabIndex={0}
      aria-label={summary}
      aria-valuemin={1}
      aria-valuemax={rates.length}
      aria-valuenow={at + 1}
      aria-valuetext={current && describe(current)}
      onKeyDown={onKeyDown}
    >
      <p class="chart-label" aria-hidden="true">
        <span>Rate, US dollars</span>
        <span>Gaps: fewer than {LEAST_PRICES} prices</span>
      </p>
      <div ref={line} />
      <p class="chart-label" aria-hidden="true">
        Number of prices
      </p>
      <div ref={bars} />
    </div>
  );
}

function describe({ day, price, count }: Rate): string {
  const prices = count === null ? "no prices" : formatPrices(count);
  if (price !== null) return `${formatWeekday(day)}: ${formatPrice(price)}, ${prices}`;
  return `${formatWeekday(day)}: no rate, ${prices} of the ${LEAST_PRICES} it needs`;
}
