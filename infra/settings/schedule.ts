import { z } from "zod";
import { nextRun } from "../../app/operator/feed/next-run.js";
import {
  isTimeZone,
  mistakeInFields,
  mistakeInSchedule,
  type ScheduleField,
  scheduleGrammar,
} from "../../app/operator/feed/schedule.js";

/** A CronJob's: five fields, or a shortcut such as `@daily`. */
export const schedule = judged(mistakeInSchedule);

const seconds: ScheduleField = { name: "second", takes: "0-59", least: 0, most: 59, names: {} };

/** A ScheduledBackup's: CloudNativePG reads the same fields after one of seconds. */
export const backupSchedule = judged((text) =>
  mistakeInFields(text, [seconds, ...scheduleGrammar.fields], "six cron fields, seconds first"),
);

/** The longest time between two runs of a schedule in UTC, in seconds. */
export function longestGapSeconds(schedule: string): number {
  // A fixed instant, so that a stack does not change by itself.
  let run = new Date("2026-01-01T00:00:00Z");
  let longest = 0;
  for (let count = 0; count < 200; count += 1) {
    const next = nextRun({ schedule, timeZone: "Etc/UTC" }, run);
    if (!next) break;
    // The first run may have any distance from that instant.
    if (count > 0) longest = Math.max(longest, (+next - +run) / 1000);
    run = next;
  }
  return longest;
}

export const timeZone = z.string().refine(isTimeZone, "must be a time zone such as Europe/Paris or Etc/UTC");

function judged(mistakeIn: (text: string) => string | undefined) {
  return z.string().superRefine((text, context) => {
    const mistake = mistakeIn(text);
    if (mistake) context.addIssue(mistake);
  });
}
