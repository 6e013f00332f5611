import { Cron } from "croner";
import { z } from "zod";
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

/** The longest time between two backups, in seconds. */
export function longestGapSeconds(schedule: string): number {
  // A fixed instant, so that a stack does not change by itself.
  const runs = new Cron(schedule, { timezone: "Etc/UTC", paused: true }).nextRuns(200, "2026-01-01T00:00:00");
  const gaps = runs.slice(1).map((run, at) => (+run - +(runs[at] ?? run)) / 1000);
  return Math.max(...gaps, 0);
}

export const timeZone = z.string().refine(isTimeZone, "must be a time zone such as Europe/Paris or Etc/UTC");

function judged(mistakeIn: (text: string) => string | undefined) {
  return z.string().superRefine((text, context) => {
    const mistake = mistakeIn(text);
    if (mistake) context.addIssue(mistake);
  });
}
