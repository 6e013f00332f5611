const whole = new Intl.NumberFormat("en-US");
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });

/** `2,441,240 rows` */
export function formatCount(count: number, one: string, many: string): string {
  return `${whole.format(count)} ${count === 1 ? one : many}`;
}

/** `1.9 GB` */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0;
  return `${(bytes / 1000 ** power).toLocaleString("en-US", { maximumSignificantDigits: 3 })} ${units[power]}`;
}

/** `22 Nov 2026, 14:03`, in the visitor's time zone. */
export function formatMoment(iso: string): string {
  return moment.format(Date.parse(iso));
}

/** `about 4 min left, done at 14:07` */
export function formatEnd(iso: string): string {
  const seconds = Math.max(0, (Date.parse(iso) - Date.now()) / 1000);
  const left =
    seconds < 90
      ? `${Math.ceil(seconds / 5) * 5} s`
      : seconds < 5400
        ? `${Math.round(seconds / 60)} min`
        : `${(seconds / 3600).toFixed(1)} h`;
  return `about ${left} left, done at ${clock.format(Date.parse(iso))}`;
}
