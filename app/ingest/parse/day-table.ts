/**
 * The first and the last year that a price may have. The range is wide enough for any market. It is narrow enough that
 * a file of garbage cannot make a partition for each month of ten thousand years.
 */
export const FIRST_YEAR = 1900;
/** See {@link FIRST_YEAR}. */
export const LAST_YEAR = 2199;

/** The value in {@link DAYS} of a day that does not exist. */
export const NO_DAY = -0x80000000;

const MILLISECONDS_PER_DAY = 86_400_000;
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);
const SLOTS_PER_YEAR = 512;
const SLOTS_PER_MONTH = 32;

/**
 * For the slot `(year - FIRST_YEAR) * 512 + month * 32 + day`: the days since 2000-01-01, as Postgres counts them, or
 * {@link NO_DAY}. So a single look-up also refuses the 30th of February.
 */
export const DAYS: Int32Array = (() => {
  const days = new Int32Array((LAST_YEAR - FIRST_YEAR + 1) * SLOTS_PER_YEAR).fill(NO_DAY);
  for (let ms = Date.UTC(FIRST_YEAR, 0, 1); ms <= Date.UTC(LAST_YEAR, 11, 31); ms += MILLISECONDS_PER_DAY) {
    const date = new Date(ms);
    const slot =
      (date.getUTCFullYear() - FIRST_YEAR) * SLOTS_PER_YEAR +
      (date.getUTCMonth() + 1) * SLOTS_PER_MONTH +
      date.getUTCDate();
    days[slot] = (ms - POSTGRES_EPOCH_MS) / MILLISECONDS_PER_DAY;
  }
  return days;
})();

/** The month of a slot of {@link DAYS}, counted from January of {@link FIRST_YEAR}, which is 0. */
export function monthOfSlot(slot: number): number {
  return ((slot / SLOTS_PER_YEAR) | 0) * 12 + ((slot % SLOTS_PER_YEAR) >> 5) - 1;
}

/** Number of months that a price may have. */
export const MONTHS = (LAST_YEAR - FIRST_YEAR + 1) * 12;

/** First day of a month counted from January of {@link FIRST_YEAR}, as `2021-01-01`. */
export function firstDayOfMonth(month: number): string {
  const year = FIRST_YEAR + Math.floor(month / 12);
  return `${year}-${String((month % 12) + 1).padStart(2, "0")}-01`;
}

/**
 * The slot in {@link DAYS} of the date `2021-01-31` in the ten bytes from `at` on; -1 if they are not such a date, or
 * if the year is out of range. The slot may still hold {@link NO_DAY}.
 */
export function daySlot(bytes: Uint8Array, at: number): number {
  const y1 = (bytes[at] as number) - 48;
  const y2 = (bytes[at + 1] as number) - 48;
  const y3 = (bytes[at + 2] as number) - 48;
  const y4 = (bytes[at + 3] as number) - 48;
  const m1 = (bytes[at + 5] as number) - 48;
  const m2 = (bytes[at + 6] as number) - 48;
  const d1 = (bytes[at + 8] as number) - 48;
  const d2 = (bytes[at + 9] as number) - 48;
  // Below zero if any byte is not a digit: a byte under "0" makes the first sum negative, a byte over "9" the second.
  if (
    (y1 | y2 | y3 | y4 | m1 | m2 | d1 | d2) < 0 ||
    ((9 - y1) | (9 - y2) | (9 - y3) | (9 - y4) | (9 - m1) | (9 - m2) | (9 - d1) | (9 - d2)) < 0 ||
    bytes[at + 4] !== 45 ||
    bytes[at + 7] !== 45
  ) {
    return -1;
  }
  const year = y1 * 1000 + y2 * 100 + y3 * 10 + y4;
  const month = m1 * 10 + m2;
  const day = d1 * 10 + d2;
  if (year < FIRST_YEAR || year > LAST_YEAR || month > 12 || day > 31) return -1;
  return (year - FIRST_YEAR) * SLOTS_PER_YEAR + month * SLOTS_PER_MONTH + day;
}
