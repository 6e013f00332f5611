// Schedules that Kubernetes accepts for a CronJob. It parses them with robfig/cron 3. Refused here are also schedules
// that it accepts and that do not mean what they seem to: it reads `*-5` as `*` and `,` as no minute at all, and
// 31 February never comes. The chart reads the same grammar from charts/ratesapp/schedules.json, which
// build/feed-definition.ts writes.

/** One field of a schedule. */
export interface ScheduleField {
  readonly name: string;
  /** In words. */
  readonly takes: string;
  readonly least: number;
  readonly most: number;
  /** Numbers by lower-case name. */
  readonly names: Readonly<Record<string, number>>;
}

const numbered = (words: string, first: number) =>
  Object.fromEntries(words.split(" ").map((word, index) => [word, first + index]));

export const scheduleGrammar = {
  shortcut: "^@(hourly|daily|midnight|weekly|monthly|yearly|annually|every [1-9][0-9]{0,5}[hms]([0-9]{1,5}[ms]){0,2})$",
  /** In words. */
  shortcuts: "@hourly, @daily, @weekly, @monthly, @yearly or @every 90m",
  fields: [
    { name: "minute", takes: "0-59", least: 0, most: 59, names: {} },
    { name: "hour", takes: "0-23", least: 0, most: 23, names: {} },
    { name: "day of the month", takes: "1-31", least: 1, most: 31, names: {} },
    {
      name: "month",
      takes: "1-12 or JAN-DEC",
      least: 1,
      most: 12,
      names: numbered("jan feb mar apr may jun jul aug sep oct nov dec", 1),
    },
    {
      name: "day of the week",
      takes: "0-6 or SUN-SAT",
      least: 0,
      most: 6,
      names: numbered("sun mon tue wed thu fri sat", 0),
    },
  ] satisfies ScheduleField[] as readonly ScheduleField[],
  /** Days of each month, 29 in February. */
  monthDays: [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
  /** Names of time zones as a cluster's database spells them. The pattern also matches names that do not exist. */
  timeZone:
    "^((Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Brazil|Canada|Chile|Etc|Europe|Indian|Mexico|Pacific|US)(/[A-Z][A-Za-z0-9_+-]{0,13}){1,2}|CET|CST6CDT|Cuba|EET|EST|EST5EDT|Egypt|Eire|GB|GB-Eire|GMT|GMT[+-]?0|Greenwich|HST|Hongkong|Iceland|Iran|Israel|Jamaica|Japan|Kwajalein|Libya|MET|MST|MST7MDT|NZ|NZ-CHAT|Navajo|PRC|PST8PDT|Poland|Portugal|ROC|ROK|Singapore|Turkey|UCT|UTC|Universal|W-SU|WET|Zulu)$",
} as const;

const SHORTCUT = new RegExp(scheduleGrammar.shortcut);
const TIME_ZONE = new RegExp(scheduleGrammar.timeZone);
const PART = /^(?:[*?]|(?<first>[0-9]{1,9})(?:-(?<last>[0-9]{1,9}))?)(?:\/0*(?<step>[1-9][0-9]{0,8}))?$/;
/** A day of the week that means all of them. Then only the day of the month decides. */
const ANY_DAY = /(^|,)[*?](\/0*1)?(,|$)/;

/** What is wrong with the schedule of a CronJob (five fields, or a shortcut such as `@daily`), if anything is. */
export function mistakeInSchedule(text: string): string | undefined {
  if (SHORTCUT.test(text)) return undefined;
  return mistakeInFields(text, scheduleGrammar.fields, `five cron fields, or be ${scheduleGrammar.shortcuts}`);
}

/** The same for other fields. @param wanted these fields, in words. */
export function mistakeInFields(text: string, fields: readonly ScheduleField[], wanted: string): string | undefined {
  // A byte order mark is a space in JavaScript, but not in Go, in which Kubernetes is written.
  const words = text.split(/[^\S\uFEFF]+/).filter((word) => word !== "");
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
  const comes = months.some((month) => days.some((day) => day <= (scheduleGrammar.monthDays[month - 1] ?? 0)));
  return comes || !ANY_DAY.test(words.at(-1) ?? "") ? undefined : "names a day that no month has";
}

/** The numbers that one part of a field stands for; none if Kubernetes would refuse it. */
function valuesOf(part: string, { least, most, names }: ScheduleField): number[] {
  const match = PART.exec(part.toLowerCase().replaceAll(/\b[a-z]+\b/g, (name) => String(names[name])));
  if (!match) return [];
  const { first, last, step } = match.groups ?? {};
  const low = Number(first ?? least);
  const high = Number(last ?? (step === undefined ? (first ?? most) : most));
  if (low < least || high > most) return [];
  const by = Number(step ?? 1);
  return Array.from({ length: Math.floor((high - low) / by) + 1 }, (_, at) => low + at * by);
}

/** Whether a time zone is known. Intl alone would also accept other spellings (europe/paris) and names such as PST. */
export function isTimeZone(name: string): boolean {
  if (!TIME_ZONE.test(name)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}
