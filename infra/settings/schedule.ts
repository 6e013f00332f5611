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

export const timeZone = z.string().refine(isTimeZone, "must be a time zone such as Europe/Paris or Etc/UTC");

function judged(mistakeIn: (text: string) => string | undefined) {
  return z.string().superRefine((text, context) => {
    const mistake = mistakeIn(text);
    if (mistake) context.addIssue(mistake);
  });
}
