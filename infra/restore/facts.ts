import { alignColumns } from "../align-columns.js";
/** What a database holds. */
export interface Facts {
  /** Number of the newest migration. */
  readonly schema: number | null;
  /** Dataset version, and when it grew. */
  readonly version: number;
  readonly changedAt: string;
  /** Batches that are neither published nor failed. */
  readonly unfinished: number;
  readonly newest: { readonly id: number; readonly feed: string; readonly publishedAt: string } | null;
  /** By month: prices that are stored, and those that consumers see. */
  readonly months: Readonly<Record<string, { readonly prices: number | null; readonly visible: number | null }>>;
}

/** Differences of a restored database from itself: what cannot be right. */
export function faults({ months, schema }: Facts): string[] {
  return [
    ...(schema === null ? ["it has no schema"] : []),
    ...Object.entries(months)
      .filter(([, { prices, visible }]) => (visible ?? 0) > (prices ?? 0))
      .map(
        ([month, { prices, visible }]) => `${month}: consumers see ${visible} prices, and ${prices ?? 0} are stored`,
      ),
  ];
}

/** A table of what databases hold, side by side. */
export function tableOf(databases: Readonly<Record<string, Facts | undefined>>): string {
  const all = Object.values(databases);
  const months = [...new Set(all.flatMap((facts) => Object.keys(facts?.months ?? {})))].sort();
  const number = (value: number | null | undefined) => (value ?? 0).toLocaleString("en-US");
  const row = (name: string, value: (facts: Facts) => string) => [
    name,
    ...all.map((facts) => (facts ? value(facts) : "not there")),
  ];
  const rows = [
    ["", ...Object.keys(databases)],
    row("schema", ({ schema }) => String(schema ?? "none")),
    row("dataset version", ({ version }) => String(version)),
    row("  since", ({ changedAt }) => moment(changedAt)),
    row("newest batch", ({ newest }) => (newest ? `${newest.id} of ${newest.feed}` : "none")),
    row("  published", ({ newest }) => (newest ? moment(newest.publishedAt) : "-")),
    row("unfinished batches", ({ unfinished }) => String(unfinished)),
    ...months.map((month) =>
      row(`prices ${month}`, (facts) => {
        const { prices, visible } = facts.months[month] ?? {};
        return `${number(prices)}, visible ${number(visible)}`;
      }),
    ),
  ];
  return alignColumns(rows);
}

const moment = (text: string): string => new Date(text).toISOString();
