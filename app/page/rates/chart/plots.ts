import type uPlot from "uplot";
import { secondsOf } from "../../day.js";
import type { Palette } from "../../look/palette.js";
import type { View } from "../series/view.js";
import { countPlot } from "./count-plot.js";
import { type PlotHandlers, plotFrame } from "./plot-frame.js";
import { ratePlot } from "./rate-plot.js";

/** The lines of rates and, for a lone lane, under them the bars of price counts: the same days and the same cursor. */
export interface Plots {
  /** Puts the cursor on a day; null removes it. */
  point: (index: number | null) => void;
  /** Distance of a day from the left edge, in pixels. */
  leftOf: (index: number) => number;
  resize: (width: number) => void;
  destroy: () => void;
}

interface PlotsArgs {
  readonly line: HTMLElement;
  readonly bars: HTMLElement;
  readonly view: View;
  readonly palette: Palette;
  readonly width: number;
  readonly handlers: { readonly current: PlotHandlers };
}

/** Draws the plots into their elements. The caller must call `destroy` on the result in the end. */
export function drawPlots({ line, bars, view, palette, width, handlers }: PlotsArgs): Plots {
  const days = view.lanes[0]?.rates.map(({ day }) => secondsOf(day)) ?? [];
  const font = `12px ${getComputedStyle(line).fontFamily}`;
  const frame = plotFrame({ days, palette, width, font, handlers });
  const ratesPlot = ratePlot(frame, view, line);
  const [lone] = view.lanes;
  const plots: uPlot[] = [ratesPlot];
  if (lone && view.lanes.length === 1) plots.push(countPlot(frame, lone.rates, bars));

  const moveTo = (left: number) => {
    for (const plot of plots) plot.setCursor({ left, top: left < 0 ? -10 : 1 });
  };
  // uPlot follows only a mouse. Here, a finger that moves sideways selects days, and one that moves up or down scrolls.
  const follow = (event: PointerEvent) => {
    if (event.pointerType !== "mouse") moveTo(event.offsetX);
  };
  const leave = (event: PointerEvent) => {
    if (event.pointerType !== "mouse" && !ratesPlot.root.parentElement?.contains(event.target as Node)) moveTo(-10);
  };
  for (const { over } of plots) {
    over.addEventListener("pointerdown", follow);
    over.addEventListener("pointermove", follow);
    over.addEventListener("dblclick", () => handlers.current.onWhole());
  }
  addEventListener("pointerdown", leave);

  return {
    point: (index) => moveTo(index === null ? -10 : ratesPlot.valToPos(days[index] ?? 0, "x")),
    leftOf: (index) => ratesPlot.over.offsetLeft + ratesPlot.valToPos(days[index] ?? 0, "x"),
    resize(next) {
      for (const plot of plots) plot.setSize({ width: next, height: plot.height });
    },
    destroy() {
      removeEventListener("pointerdown", leave);
      for (const plot of plots) plot.destroy();
    },
  };
}
