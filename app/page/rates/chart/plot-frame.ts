import uPlot from "uplot";
import type { Palette } from "../../look/palette.js";

export const DAY_SECONDS = 86_400;
/** Room for the values of the vertical axis, in pixels. The strip under the chart begins behind it too. */
export const AXIS_WIDTH = 58;

/** Distances of days on the axis, in seconds. uPlot would write the same day several times on a short range. */
const DAY_STEPS = [1, 2, 3, 4, 5, 6, 7, 10, 15, 30, 60, 90, 120, 180, 365].map((days) => days * DAY_SECONDS);
/** A shorter movement of the pressed pointer is a click, in pixels. */
const LEAST_DRAG = 8;

const dayMonth = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short" });
const monthYear = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", month: "short", year: "numeric" });

/** What is called when a pointer does something. Days are indexes. */
export interface PlotHandlers {
  /** The pointer moves onto a day, or leaves (null). */
  readonly onPoint: (index: number | null) => void;
  /** The pointer was dragged from one day to another. */
  readonly onZoom: (from: number, to: number) => void;
  /** The pointer was pressed twice. */
  readonly onWhole: () => void;
}

interface PlotFrameArgs {
  /** Seconds since 1970 at the start of each day. */
  readonly days: readonly number[];
  readonly palette: Palette;
  readonly width: number;
  readonly font: string;
  readonly handlers: { readonly current: PlotHandlers };
}

/** What both plots share. */
export interface PlotFrame extends PlotFrameArgs {
  readonly options: Pick<uPlot.Options, "width" | "tzDate" | "legend">;
  readonly x: uPlot.Scale;
  readonly cursor: uPlot.Cursor;
  readonly axis: uPlot.Axis;
  /** Called when the pointer was dragged over a part of the plot. */
  readonly onSelect: (plot: uPlot) => void;
}

export function plotFrame(args: PlotFrameArgs): PlotFrame {
  const { days, palette, width, font, handlers } = args;
  const first = days[0] ?? 0;
  const last = days[days.length - 1] ?? 0;
  return {
    ...args,
    options: {
      width,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { show: false },
    },
    // Both plots begin and end with the same half day, so that bars are complete and stand under their points.
    x: { time: true, range: () => [first - DAY_SECONDS / 2, last + DAY_SECONDS / 2] },
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG },
      // The other plot follows the pointer, but does not take part in a drag: the days would be chosen twice.
      sync: { key: "rates", setSeries: false, filters: { sub: (type) => type === "mousemove" } },
    },
    axis: { stroke: palette.quiet, font, grid: { stroke: palette.line, width: 1 }, ticks: { show: false } },
    onSelect(plot) {
      const { left, width: dragged } = plot.select;
      if (dragged < LEAST_DRAG) return;
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      handlers.current.onZoom(plot.posToIdx(left), plot.posToIdx(left + dragged));
    },
  };
}

/** The axis of days; without labels it draws only the lines of its grid. */
export function dayAxis(axis: uPlot.Axis, { labels }: { readonly labels: boolean }): uPlot.Axis {
  return {
    ...axis,
    size: labels ? 30 : 0,
    gap: labels ? 8 : 0,
    space: 72,
    incrs: DAY_STEPS,
    values: (_, splits) => (labels ? dayLabels(splits) : splits.map(() => "")),
  };
}

/** Labels such as `3 Mar`; if they are 28 days or more apart, such as `Mar 2021`. */
function dayLabels(splits: readonly number[]): string[] {
  const monthly = splits.length > 1 && (splits[1] ?? 0) - (splits[0] ?? 0) >= 28 * DAY_SECONDS;
  return splits.map((seconds) => (monthly ? monthYear : dayMonth).format(seconds * 1000));
}
