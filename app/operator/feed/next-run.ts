import { Cron } from "croner";
import type { FeedSpec } from "./feed-spec.js";

const UNITS = { h: 3_600_000, m: 60_000, s: 1_000 } as const;

/**
 * When the schedule starts a run after an instant.
 * @param after for `@every 90m`, the last run: the interval begins there.
 * @returns undefined if it never does.
 */
export function nextRun(
  { schedule, timeZone }: Pick<FeedSpec, "schedule" | "timeZone">,
  after: Date,
): Date | undefined {
  if (schedule.startsWith("@every ")) {
    const parts = [...schedule.matchAll(/(\d+)([hms])/g)];
    const everyMs = parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit as keyof typeof UNITS], 0);
    return new Date(+after + everyMs);
  }
  try {
    const written = schedule === "@midnight" ? "@daily" : schedule;
    return new Cron(written, { timezone: timeZone, paused: true }).nextRun(after) ?? undefined;
  } catch {
    return undefined; // Kubernetes accepts some schedules that this library does not, such as those with 007.
  }
}
