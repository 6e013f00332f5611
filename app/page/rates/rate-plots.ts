import uPlot from "uplot";
import { secondsOf } from "../day.js";
import type { Palette } from "../look/palette.js";
import { formatPrice } from "./price.js";
import type { Rate } from "./rates.js";

/** The line of rates, and under it the bars of price counts. Both show the same days and the same cursor. */
export interface RatePlots {
  /** Puts the cursor on a day; null removes it. */
  point: (index: number | null) => void;
  resize: (width: number) => void;
  destroy: () => void;
}

interface RatePlotsArgs {
  readonly line: HTMLElement;
  readonly bars: HTMLElement;
  /** Oldest first. */
  readonly rates: readonly Rate[];
  readonly palette: Palette;
  readonly width: number;
  /** Called with the index when a pointer moves onto a day, and with null when it leaves. */
  readonly onPoint: (index: number | null) => void;
}

const HALF_DAY_SECONDS = 43_200;
const AXIS_WIDTH = 58;
/** With at most this many days, each rate also has a dot. With more days, dots would touch each other. */
const DOTTED_DAYS = 62;

/** Distances of days on the axis, in seconds. uPlot would write the same day several times on a short range. */
const DAY_STEPS = [1, 2, 3, 4, 5, 6, 7, 10, 15, 30, 60, 90, 120, 180, 365].map((days) => days * 2 * HALF_DAY_SECONDS);

const dayMonth = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short" });
const monthYear = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", month: "short", year: "numeric" });

/** Options that both plots share. */
interface SharedOptions {
  readonly plot: Pick<uPlot.Options, "width" | "tzDate" | "legend">;
  readonly x: uPlot.Scale;
  readonly cursor: uPlot.Cursor;
  readonly axis: uPlot.Axis;
}

/** Draws both plots into their elements. The caller must call `destroy` on the result in the end. */
export function drawRatePlots({ line, bars, rates, palette, width, onPoint }: RatePlotsArgs): RatePlots {
  const days = rates.map(({ day }) => secondsOf(day));
  const prices = rates.map(({ price }) => price);
  const counts = rates.map(({ count }) => count);
  const shared = sharedOptions(days, palette, width, `12px ${getComputedStyle(line).fontFamily}`);
  // A rate without a neighbour cannot be part of a line. Only its dot makes it visible.
  const dots = days.length <= DOTTED_DAYS ? null : lonely(prices);
  const linePlot = new uPlot(lineOptions(shared, palette, dots, onPoint), [days, prices], line);
  const barsPlot = new uPlot(barsOptions(shared, palette), [days, counts], bars);

  const point = (index: number | null) => {
    const day = index === null ? undefined : days[index];
    const left = day === undefined ? -10 : linePlot.valToPos(day, "x");
    const top = index === null ? -10 : 1;
    linePlot.setCursor({ left, top });
    barsPlot.setCursor({ left, top });
  };
  // uPlot follows only a mouse. Here, a finger that moves sideways selects days, and one that moves up or down scrolls.
  const follow = (event: PointerEvent) => {
    if (event.pointerType !== "mouse") linePlot.setCursor({ left: event.offsetX, top: 1 });
  };
  for (const plot of [linePlot, barsPlot]) plot.over.addEventListener("pointermove", follow);

  return {
    point,
    resize(next) {
      linePlot.setSize({ width: next, height: linePlot.height });
      barsPlot.setSize({ width: next, height: barsPlot.height });
    },
    destroy() {
      linePlot.destroy();
      barsPlot.destroy();
    },
  };
}

function sharedOptions(days: readonly number[], palette: Palette, width: number, font: string): SharedOptions {
  const first = days[0] ?? 0;
  const last = days[days.length - 1] ?? 0;
  return {
    plot: {
      width,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: false },
    },
    // Both plots begin and end with the same half day, so that bars are complete and stand under their points.
    x: { time: true, range: () => [first - HALF_DAY_SECONDS, last + HALF_DAY_SECONDS] },
    cursor: { y: false, drag: { x: false, y: false, setScale: false }, sync: { key: "rates", setSeries: false } },
    axis: { stroke: palette.quiet, font, grid: { stroke: palette.line, width: 1 }, ticks: { show: false } },
  };
}

/** @param dots indexes of the days with a dot; null for all days */
function lineOptions(
  { plot, x, cursor, axis }: SharedOptions,
  palette: Palette,
  dots: number[] | null,
  onPoint: RatePlotsArgs["onPoint"],
): uPlot.Options {
  return {
    ...plot,
    height: 280,
    padding: [12, 8, 0, 0],
    cursor: { ...cursor, points: { size: 9, fill: palette.accent, stroke: palette.accent, width: 0 } },
    scales: { x, y: { range: (_, least, most) => priceRange(least, most) } },
    axes: [
      { ...axis, size: 0, gap: 0, space: 72, incrs: DAY_STEPS, values: (_, splits) => splits.map(() => "") },
      { ...axis, size: AXIS_WIDTH, gap: 8, space: 44, values: (_, splits) => splits.map(formatPrice) },
    ],
    series: [
      {},
      {
        stroke: palette.accent,
        width: 2,
        fill: palette.wash,
        points: { show: true, size: 5, fill: palette.accent, width: 0, filter: () => dots },
      },
    ],
    hooks: { setCursor: [(self) => onPoint(self.cursor.idx ?? null)] },
  };
}

function barsOptions({ plot, x, cursor, axis }: SharedOptions, palette: Palette): uPlot.Options {
  return {
    ...plot,
    height: 96,
    padding: [8, 8, 0, 0],
    cursor: { ...cursor, points: { show: false } },
    scales: { x, y: { range: (_, _least, most) => [0, Math.max(most, 4)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 30,
        gap: 8,
        space: 72,
        incrs: DAY_STEPS,
        values: (_, splits) => dayLabels(splits),
      },
      {
        ...axis,
        size: AXIS_WIDTH,
        gap: 8,
        space: 26,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6],
        values: (_, splits) => splits.map((count) => count.toLocaleString("en-US")),
      },
    ],
    series: [
      {},
      {
        fill: palette.bars,
        width: 0,
        points: { show: false },
        paths: uPlot.paths.bars?.({ size: [0.7, 14], align: 0 }) ?? null,
      } as uPlot.Series,
    ],
  };
}

/** Indexes of prices without a price on either side. */
function lonely(prices: readonly (number | null)[]): number[] {
  return prices.flatMap((price, index) =>
    price !== null && (prices[index - 1] ?? null) === null && (prices[index + 1] ?? null) === null ? [index] : [],
  );
}

/** Range of the price axis, with some space above and below. A flat line is in the middle. */
function priceRange(least: number | null, most: number | null): [number, number] {
  if (least === null || most === null) return [0, 100];
  const air = Math.max((most - least) * 0.15, most * 0.02, 1);
  return [Math.max(0, least - air), most + air];
}

/** Labels such as `3 Mar`; if they are 28 days or more apart, such as `Mar 2021`. */
function dayLabels(splits: readonly number[]): string[] {
  const monthly = splits.length > 1 && (splits[1] ?? 0) - (splits[0] ?? 0) >= 28 * 2 * HALF_DAY_SECONDS;
  return splits.map((seconds) => (monthly ? monthYear : dayMonth).format(seconds * 1000));
}
