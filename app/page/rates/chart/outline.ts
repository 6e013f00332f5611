type Values = readonly (number | null)[];

/**
 * The lines of lanes in small: paths for an SVG that is 100 high, with one unit of width between two days. All lanes
 * have the same scale.
 */
export function outlineOf(lanes: readonly Values[]): string[] {
  const all = lanes.flatMap((values) => values.filter((value) => value !== null));
  const least = Math.min(...all);
  const span = Math.max(...all) - least || 1;
  return lanes.map((values) => {
    const path = values.map((value, index) => {
      if (value === null) return "";
      const point = `${index} ${(95 - (90 * (value - least)) / span).toFixed(1)}`;
      // The line of no length makes a day without neighbours a dot.
      return (values[index - 1] ?? null) === null ? `M${point}h0` : `L${point}`;
    });
    return path.join("");
  });
}
