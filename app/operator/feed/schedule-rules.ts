import { type ScheduleField, scheduleGrammar } from "./schedule.js";

/** A rule in CEL by which the API server checks a value, and its message if the rule is broken. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  /** The message as an expression in CEL, so that it can contain the wrong part. */
  readonly messageExpression?: string;
}

const { fields, shortcut, shortcuts } = scheduleGrammar;
const SPACE = "[ \\t]+";
const ANY = "[^ \\t]+";

const list = (part: string): string => `(?:${part})(?:,(?:${part}))*`;
const range = (value: string): string => `(?:${value})(?:-(?:${value}))?`;

/** Every number and name that a field can have. */
function valuePattern({ least, most, names }: ScheduleField): string {
  const tens = Array.from({ length: Math.floor(most / 10) + 1 }, (_, ten) => {
    const [first, last] = [Math.max(least - 10 * ten, 0), Math.min(most - 10 * ten, 9)];
    return `${ten || ""}[${first}-${last}]`;
  });
  return [`0{0,6}(?:${tens.join("|")})`, ...Object.keys(names)].join("|");
}

const fieldPattern = (field: ScheduleField): string =>
  list(`(?:[*?]|${range(valuePattern(field))})(?:/0{0,6}[1-9][0-9]{0,8})?`);

/** Numbers and names of months that have no more days than this. */
function monthsUpTo(days: number): string {
  const months = scheduleGrammar.monthDays.flatMap((most, index) => (most <= days ? [index + 1] : []));
  const names = Object.entries(fields[3]?.names ?? {}).filter(([, month]) => months.includes(month));
  return [`0{0,6}(?:${months.join("|")})`, ...names.map(([name]) => name)].join("|");
}

/** Schedules whose days do not exist in any of their months, for all days of the week. */
const never = [
  [30, 29],
  [31, 30],
]
  .map(([least, most = 0]) => {
    const days = Array.from({ length: 31 - (least ?? 0) + 1 }, (_, index) => (least ?? 0) + index);
    return [list(range(`0{0,6}(?:${days.join("|")})`)), list(range(monthsUpTo(most)))].join(SPACE);
  })
  .map(
    (dates) => `^[ \\t]*${ANY}${SPACE}${ANY}${SPACE}${dates}${SPACE}(?:${ANY},)?[*?](?:/0{0,6}1)?(?:,${ANY})?[ \\t]*$`,
  );

const matches = (pattern: string): string => `matches(r"(?i)${pattern}")`;

const numbersAlone = [
  ["\\t", ","] as const,
  [" ", ","] as const,
  ...fields.flatMap(({ names }) => Object.entries(names)),
]
  .map(([from, to]) => `.replace("${from}", "${to}")`)
  .join("");

const WORDS = `self.findAll(r"${ANY}")`;

/** One rule for each field, so that the message names the field and its content. */
const fieldRules = fields.map((field, at): Rule => {
  const says = `is no ${field.name}: ${field.takes}, in lists, ranges upwards (1-5) and steps (*/2)`;
  const holds = `${WORDS}[${at}].${matches(`^${fieldPattern(field)}$`)}`;
  return {
    rule: `self.startsWith("@") || ${WORDS}.size() != ${fields.length} || ${holds}`,
    message: `the ${field.name} ${says}`,
    messageExpression: `'"' + ${WORDS}[${at}] + '" ${says}'`,
  };
});

/**
 * `mistakeInSchedule` as far as CEL can express it. The rest (a step to a day that never comes) is found by the
 * operator, which reports it in the Feed's status.
 */
export const scheduleRules: readonly Rule[] = [
  {
    rule: `self.startsWith("@") ? self.matches(r"${shortcut}") : ${WORDS}.size() == ${fields.length}`,
    message: `must have five cron fields, or be ${shortcuts}`,
  },
  ...fieldRules,
  {
    rule: `self.startsWith("@") || self.lowerAscii()${numbersAlone}.split(",").all(part, !part.matches("^[0-9]{1,9}-[0-9]{1,9}(/|$)") || int(part.split("-")[0]) <= int(part.split("/")[0].split("-")[1]))`,
    message: "has a range that runs downwards; write it upwards (1-5)",
  },
  {
    rule: never.map((pattern) => `!self.${matches(pattern)}`).join(" && "),
    message: "names a day that no month has",
  },
];
