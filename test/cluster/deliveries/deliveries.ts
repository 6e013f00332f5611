/** A place as the places files have it. */
export interface Place {
  readonly code: string;
  readonly parent: string;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Regions in three levels: one above all, three below it, three below each of those. */
export const regions: readonly Place[] = [
  { code: "world", parent: "" },
  ...[0, 1, 2].flatMap((n) => [
    { code: `side_${n}`, parent: "world" },
    ...[0, 1, 2].map((m) => ({ code: `side_${n}_coast_${m}`, parent: `side_${n}` })),
  ]),
];

/** Thirty-six ports, four on each coast. */
export const ports: readonly Place[] = Array.from({ length: 36 }, (_, n) => ({
  code: `XA${letters[Math.floor(n / 26)]}A${letters[n % 26]}`,
  parent: `side_${Math.floor(n / 12)}_coast_${Math.floor(n / 4) % 3}`,
}));

const DAYS = 40;
const FIRST_DAY = Date.UTC(2021, 0, 1);

export const dayText = (day: number): string => new Date(FIRST_DAY + day * 86_400_000).toISOString().slice(0, 10);
export const days = Array.from({ length: DAYS }, (_, day) => dayText(day));

/** Origin and destination as indexes of {@link ports}, the day's index, and the price. */
export type Price = readonly [origin: number, destination: number, day: number, price: number];

/** The same prices each time: no file has to be carried to the cluster, and both sides know what is in it. */
export function* prices(count: number): Generator<Price> {
  let seed = 20210101;
  const next = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let n = 0; n < count; n++) yield [next(ports.length), next(ports.length), next(DAYS), 500 + next(3000)];
}

/** The delivery as CSV. */
export function csv(count: number): Buffer {
  const codes = ports.map(({ code }) => code);
  const chunks: Buffer[] = [Buffer.from("orig_code,dest_code,day,price\n")];
  let lines = "";
  for (const [origin, destination, day, price] of prices(count)) {
    lines += `${codes[origin]},${codes[destination]},${days[day]},${price}\n`;
    if (lines.length > 1 << 20) {
      chunks.push(Buffer.from(lines));
      lines = "";
    }
  }
  chunks.push(Buffer.from(lines));
  return Buffer.concat(chunks);
}

export const portsCsv = (): string =>
  ["code,name,parent_slug", ...ports.map(({ code, parent }) => `${code},Port ${code},${parent}`), ""].join("\n");

export const regionsCsv = (): string =>
  ["slug,name,parent_slug", ...regions.map(({ code, parent }) => `${code},Region ${code},${parent}`), ""].join("\n");
