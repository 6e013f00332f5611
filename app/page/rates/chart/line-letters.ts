import type uPlot from "uplot";
import type { Palette } from "../../look/palette.js";
import { spreadApart } from "./spread-apart.js";

/** Room for the letters at the ends of the lines, in pixels. */
export const LETTER_WIDTH = 30;
const RADIUS = 9;
/** Distance of the middles of two letters, so that they do not overlap where lines end close to each other. */
const APART = 2 * RADIUS + 2;

interface LineEnd {
  readonly position: number;
  readonly letter: string;
  /** Distance from the top of the canvas, in its own pixels. */
  readonly top: number;
}

/** Draws the letter of each lane at the end of its line, on the lane's colour. */
export function drawLetters(plot: uPlot, ends: readonly LineEnd[], palette: Palette) {
  const { ctx, bbox } = plot;
  const scale = bbox.width / plot.over.clientWidth;
  const left = bbox.left + bbox.width + (LETTER_WIDTH - RADIUS - 2) * scale;
  const sorted = [...ends].sort((a, b) => a.top - b.top);
  const tops = spreadApart(
    sorted.map(({ top }) => top),
    APART * scale,
    bbox.top + bbox.height,
  );
  ctx.save();
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.font = `600 ${12 * scale}px ${getComputedStyle(plot.root).fontFamily}`;
  for (const [index, { position, letter }] of sorted.entries()) {
    const top = tops[index] ?? 0;
    ctx.fillStyle = palette.lanes[position] ?? palette.ink;
    ctx.beginPath();
    ctx.arc(left, top, RADIUS * scale, 0, 2 * Math.PI);
    ctx.fill();
    ctx.fillStyle = palette.laneInk;
    ctx.fillText(letter, left, top + 0.5 * scale);
  }
  ctx.restore();
}
