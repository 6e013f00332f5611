import { useEffect, useState } from "preact/hooks";

/**
 * Colours for drawing on a canvas, which cannot use CSS variables. The names are those of the variables in
 * variables.css.
 */
export interface Palette {
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  /** Of each lane on a chart, as `#rrggbb`. */
  readonly lanes: readonly string[];
  /** For a letter on the colour of a lane. */
  readonly laneInk: string;
  readonly wash: string;
  readonly bars: string;
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: read("ink"),
    quiet: read("ink-quiet"),
    line: read("line"),
    lanes: [1, 2, 3, 4, 5, 6].map((number) => read(`lane-${number}`)),
    laneInk: read("lane-ink"),
    wash: read("accent-wash"),
    bars: read("bars"),
  };
}

/**
 * The current colours. They change with the colour scheme of the system. When printing, they are those for white paper.
 */
export function usePalette(): Palette {
  const [palette, setPalette] = useState(readPalette);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => setPalette(readPalette());
    const print = () => {
      document.documentElement.classList.add("on-paper");
      repaint();
    };
    const printed = () => {
      document.documentElement.classList.remove("on-paper");
      repaint();
    };
    dark.addEventListener("change", repaint);
    addEventListener("beforeprint", print);
    addEventListener("afterprint", printed);
    return () => {
      dark.removeEventListener("change", repaint);
      removeEventListener("beforeprint", print);
      removeEventListener("afterprint", printed);
    };
  }, []);
  return palette;
}
