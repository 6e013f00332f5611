import { readFile } from "node:fs/promises";
import { expect } from "chai";

type Rgb = readonly [red: number, green: number, blue: number];

/** How readers without one kind of cones see colours, in linear light (Machado, Oliveira and Fernandes, 2009). */
const SIGHTS: Readonly<Record<string, readonly [Rgb, Rgb, Rgb]>> = {
  "all cones": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Two colours further apart than this (CIE76) are told apart at a glance, also as thin lines. */
const APART = 15;

describe("the colours of lanes", () => {
  for (const scheme of ["light", "dark"] as const) {
    it(`stand out from the background and from each other, for every kind of sight: ${scheme}`, async () => {
      const { lanes, surface, ink } = await readColours(scheme);
      expect(lanes).to.have.length(6);
      for (const [index, lane] of lanes.entries()) {
        expect(contrast(lane, surface), `lane ${index + 1} on its background`).to.be.at.least(4.5);
        expect(contrast(lane, ink), `the letter of lane ${index + 1}`).to.be.at.least(4.5);
        for (const [sight, matrix] of Object.entries(SIGHTS)) {
          for (const [other, colour] of lanes.slice(0, index).entries()) {
            const distance = distanceOf(labOf(seen(lane, matrix)), labOf(seen(colour, matrix)));
            expect(distance, `lanes ${other + 1} and ${index + 1}, ${sight}`).to.be.at.least(APART);
          }
        }
      }
    });
  }
});

async function readColours(scheme: "light" | "dark") {
  const css = await readFile(new URL("../../../app/page/look/variables.css", import.meta.url), "utf8");
  const at = css.indexOf("@media screen and (prefers-color-scheme: dark)");
  const part = scheme === "dark" ? css.slice(at) : css.slice(0, at);
  const read = (name: string) => linear(new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(part)?.[1] ?? "");
  return {
    lanes: [1, 2, 3, 4, 5, 6].map((number) => read(`lane-${number}`)),
    surface: read("surface"),
    ink: read("lane-ink"),
  };
}

function linear(hex: string): Rgb {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

function seen(colour: Rgb, matrix: readonly [Rgb, Rgb, Rgb]): Rgb {
  const row = (of: Rgb) => Math.min(1, Math.max(0, of[0] * colour[0] + of[1] * colour[1] + of[2] * colour[2]));
  return [row(matrix[0]), row(matrix[1]), row(matrix[2])];
}

/** WCAG's contrast of two colours. */
function contrast(a: Rgb, b: Rgb): number {
  const luminance = ([red, green, blue]: Rgb) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((one, other) => one - other);
  return (high + 0.05) / (low + 0.05);
}

/** CIELAB under D65. */
function labOf([red, green, blue]: Rgb): Rgb {
  const f = (t: number) => (t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29);
  const x = f((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047);
  const y = f(0.2126 * red + 0.7152 * green + 0.0722 * blue);
  const z = f((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function distanceOf(a: Rgb, b: Rgb): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
