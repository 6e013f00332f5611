import type { Site } from "./site.js";

const DAY_MS = 86_400_000;

/** The days of the year that the lanes are shown for; prices are there from a year before it on. */
export const YEAR = "date_from=2024-01-01&date_to=2024-12-31";
/** Two lanes over that year. */
export const TWO_LANES = `origin=CNSGH&destination=NLRTM&lane=CNNBO:SEGOT&${YEAR}`;

/** Loads 2023 and 2024 of Shanghai to Rotterdam, and of Ningbo to Göteborg, which has no rates on Sundays. */
export function loadYear(site: Site): Promise<void> {
  const lines: string[] = [];
  for (let time = Date.UTC(2023, 0, 1); time <= Date.UTC(2024, 11, 31); time += DAY_MS) {
    const day = new Date(time).toISOString().slice(0, 10);
    const season = Math.sin((2 * Math.PI * time) / (365 * DAY_MS));
    const weekday = new Date(time).getUTCDay();
    for (const number of [0, 1, 2]) {
      lines.push(`CNSGH,NLRTM,${day},${Math.round(2400 + 600 * season + 40 * weekday + 25 * number)}`);
      if (weekday > 0) lines.push(`CNNBO,SEGOT,${day},${Math.round(1500 - 250 * season + 30 * weekday + 20 * number)}`);
    }
  }
  return site.load("tests", "year.csv", lines);
}
