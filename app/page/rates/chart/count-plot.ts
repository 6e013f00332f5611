import uPlot from "uplot";
import type { Rate } from "../series/rates.js";
import { AXIS_WIDTH, dayAxis, type PlotFrame } from "./plot-frame.js";

/** Draws the number of prices of each day as bars. */
export function countPlot(frame: PlotFrame, rates: readonly Rate[], into: HTMLElement): uPlot {
  const { options, x, cursor, axis, palette, onSelect } = frame;
  const bars: uPlot.Series = {
    fill: palette.bars,
    width: 0,
    points: { show: false },
    ...(uPlot.paths.bars && { paths: uPlot.paths.bars({ size: [0.7, 14], align: 0 }) }),
  };
  return new uPlot(
    {
      ...options,
      height: 96,
      padding: [8, 8, 0, 0],
      cursor: { ...cursor, points: { show: false } },
      scales: { x, y: { range: (_, _least, most) => [0, Math.max(most, 4)] } },
      axes: [
        { ...dayAxis(axis, { labels: true }), grid: { show: false } },
        {
          ...axis,
          size: AXIS_WIDTH,
          gap: 8,
          space: 26,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6],
          values: (_, splits) => splits.map((count) => count.toLocaleString("en-US")),
        },
      ],
      series: [{}, bars],
      hooks: { setSelect: [onSelect] },
    },
    [[...frame.days], rates.map(({ count }) => count)],
    into,
  );
}
