import uPlot from "uplot";
import type { Palette } from "../../look/palette.js";
import { formatPrice } from "../series/price.js";
import type { LaneView, View } from "../series/view.js";
import { drawLetters, LETTER_WIDTH } from "./line-letters.js";
import { AXIS_WIDTH, dayAxis, type PlotFrame } from "./plot-frame.js";

/** With at most this many days, each rate also has a dot. With more days, dots would touch each other. */
const DOTTED_DAYS = 62;
/** Added to a colour for what stands behind a mean. */
const FAINT = "73";

type Values = readonly (number | null)[];

/** Draws a line for each lane. If means are shown, they are strong lines before faint ones of the days. */
export function ratePlot(frame: PlotFrame, view: View, into: HTMLElement): uPlot {
  const { options, x, cursor, axis, palette, days, handlers, onSelect } = frame;
  const { lanes, indexed } = view;
  const alone = lanes.length === 1;
  const means = lanes.filter(({ means }) => means !== undefined);
  const lines = [...lanes.map(({ values }) => values), ...means.map(({ means }) => means ?? [])];
  const colours = [...lanes, ...means].map(({ position }) => palette.lanes[position] ?? palette.ink);
  return new uPlot(
    {
      ...options,
      height: alone ? 280 : 360,
      padding: [12, alone ? 8 : LETTER_WIDTH, 0, 0],
      cursor: { ...cursor, points: { size: 9, width: 0, fill: (_, index) => colours[index - 1] ?? palette.ink } },
      scales: { x, y: { range: (_, least, most) => valueRange(least, most) } },
      axes: [
        dayAxis(axis, { labels: !alone }),
        {
          ...axis,
          size: AXIS_WIDTH,
          gap: 8,
          space: 44,
          values: (_, splits) => splits.map(indexed ? String : formatPrice),
        },
      ],
      series: [
        {},
        ...lanes.map((lane) => dayLine(lane, palette, days.length, alone && !lane.means)),
        ...means.map(({ position }) => meanLine(palette.lanes[position] ?? palette.ink)),
      ],
      hooks: {
        setCursor: [(plot) => handlers.current.onPoint(plot.cursor.idx ?? null)],
        setSelect: [onSelect],
        draw: alone ? [] : [(plot) => drawLetters(plot, endsOf(lanes, plot), palette)],
      },
    },
    [[...days], ...lines.map((values) => [...values])],
    into,
  );
}

function dayLine({ position, values, means }: LaneView, palette: Palette, days: number, filled: boolean): uPlot.Series {
  const colour = (palette.lanes[position] ?? palette.ink) + (means ? FAINT : "");
  // A rate without a neighbour cannot be part of a line. Only its dot makes it visible.
  const dots = days <= DOTTED_DAYS ? null : lonely(values);
  return {
    stroke: colour,
    width: means ? 1 : 2,
    ...(filled && { fill: palette.wash }),
    points: { show: true, size: 5, fill: colour, width: 0, filter: () => dots },
  };
}

function meanLine(colour: string): uPlot.Series {
  return { stroke: colour, width: 2.5, points: { show: false } };
}

/** Where the lines end: the last value of each lane, in pixels of the canvas from its top. */
function endsOf(lanes: readonly LaneView[], plot: uPlot) {
  return lanes.flatMap(({ position, letter, values, means }) => {
    const last = (means ?? values).filter((value) => value !== null).at(-1);
    return last === undefined ? [] : [{ position, letter, top: plot.valToPos(last, "y", true) }];
  });
}

/** Indexes of values without a value on either side. */
function lonely(values: Values): number[] {
  return values.flatMap((value, index) =>
    value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null ? [index] : [],
  );
}

/** Range of the axis of values, with some space above and below. A flat line is in the middle. */
function valueRange(least: number | null, most: number | null): [number, number] {
  if (least === null || most === null) return [0, 100];
  const air = Math.max((most - least) * 0.12, most * 0.02, 1);
  return [Math.max(0, least - air), most + air];
}
