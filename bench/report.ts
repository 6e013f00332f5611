/** One line of a table of docs/performance.md. */
export interface Line {
  readonly what: string;
  readonly ours: string;
  readonly peer: string;
  readonly ratio: string;
  /** What was promised; empty for a figure that is only reported. */
  readonly promised: string;
  /** The promise is not kept: the bench fails. */
  readonly broken?: boolean;
}

/** A Markdown table. */
export function table(lines: readonly Line[]): string {
  return [
    "| what | ratesapp | peer | ratio | promised |",
    "| --- | ---: | ---: | ---: | --- |",
    ...lines.map(({ what, ours, peer, ratio, promised }) => `| ${what} | ${ours} | ${peer} | ${ratio} | ${promised} |`),
  ].join("\n");
}

/** `12,345/s` */
export const perSecond = (value: number) => `${Math.round(value).toLocaleString("en-US")}/s`;

/** `1.2 µs` */
export const microseconds = (value: number) => `${value.toFixed(1)} µs`;

/** `1.23 ms` */
export const milliseconds = (value: number) => `${value.toFixed(2)} ms`;
