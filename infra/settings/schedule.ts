import { z } from "zod";
import known from "../../charts/ratesapp/schedules.json" with { type: "json" };

// The chart checks the same of its values (templates/_schedules.tpl), but not before the database is up.

interface Field {
  readonly name: string;
  /** In words. */
  readonly takes: string;
  readonly least: number;
  readonly most: number;
  readonly names: Readonly<Record<string, number>>;
}

const FIELDS: readonly Field[] = known.fields.map(({ names, ...field }) => ({ ...field, names: { ...names } }));
const SHORTCUT = new RegExp(known.shortcut);
const TIME_ZONE = new RegExp(known.timeZone);
const PART = /^(?:[*?]|(?<first>[0-9]{1,9})(?:-(?<last>[0-9]{1,9}))?)(?:\/0*(?<step>[1-9][0-9]{0,8}))?$/;
/** Days of the week that mean every day. In that case only the days of the month count. */
const ANY_DAY = /(^|,)[*?](\/0*1)?(,|$)/;

/** Schedule of a CronJob: five fields, or a shortcut such as `@daily`. */
export const schedule = z.string().superRefine((text, context) => {
  if (SHORTCUT.test(text)) return;
  const mistake = mistakeIn(text, FIELDS, `five cron fields, or be ${known.shortcuts}`);
  if (mistake) context.addIssue(mistake);
});

/** Schedule of a ScheduledBackup. CloudNativePG reads the same five fields after a field for seconds. */
export const backupSchedule = z.string().superRefine((text, context) => {
  const seconds: Field = { name: "second", takes: "0-59", least: 0, most: 59, names: {} };
  const mistake = mistakeIn(text, [seconds, ...FIELDS], "six cron fields, seconds first");
  if (mistake) context.addIssue(mistake);
});

/**
 * A time zone in the spelling of the cluster's time zone database. Intl also accepts other cases and names of its own,
 * such as PST.
 */
export const timeZone = z
  .string()
  .refine((name) => TIME_ZONE.test(name) && isKnown(name), "must be a time zone such as Europe/Paris or Etc/UTC");

function isKnown(name: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

function mistakeIn(schedule: string, fields: readonly Field[], wanted: string): string | undefined {
  // Go, in which Kubernetes reads it, takes a byte order mark for a letter; JavaScript takes it for a space.
  const words = schedule.split(/[^\S\uFEFF]+/).filter((word) => word !== "");
  if (words.length !== fields.length) return `must have ${wanted}`;
  const values = fields.map((field, at) =>
    (words[at] ?? "").split(",").map((part) => ({ part, field, values: valuesOf(part, field) })),
  );
  const wrong = values.flat().find(({ values }) => values.length === 0);
  if (wrong) {
    const { field, part } = wrong;
    return `${JSON.stringify(part)} is no ${field.name}: ${field.takes}, in lists, ranges upwards (1-5) and steps (*/2)`;
  }
  const [days = [], months = []] = values.slice(-3).map((parts) => parts.flatMap(({ values }) => values));
  const comes = months.some((month) => days.some((day) => day <= (known.monthDays[month - 1] ?? 0)));
  return comes || !ANY_DAY.test(words.at(-1) ?? "") ? undefined : "names a day that no month has";
}

/** The values that one part of a field means; empty if Kubernetes would not accept it. */
function valuesOf(part: string, { least, most, names }: Field): number[] {
  const match = PART.exec(part.toLowerCase().replaceAll(/\b[a-z]+\b/g, (name) => String(names[name])));
  if (!match) return [];
  const { first, last, step } = match.groups ?? {};
  const low = Number(first ?? least);
  const high = Number(last ?? (step === undefined ? (first ?? most) : most));
  if (low < least || high > most) return [];
  const by = Number(step ?? 1);
  return Array.from({ length: Math.floor((high - low) / by) + 1 }, (_, at) => low + at * by);
}
