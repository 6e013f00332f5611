import { addDays } from "./calendar.js";

/** What a consumer asks: the rates between two places on each day of a range. */
export interface Question {
  /** Code of a port or slug of a region. */
  readonly origin: string;
  readonly destination: string;
  /** ISO 8601 day; both ends are part of the range. */
  readonly dateFrom: string;
  readonly dateTo: string;
}

/** Equal for equal questions and never for others: codes hold no NUL (the parameters' schema sees to it). */
export function questionKey(question: Question): string {
  return `${question.origin}\0${question.destination}\0${question.dateFrom}\0${question.dateTo}`;
}

/** The whole months around a range: from the first day of the first to the first day after the last. */
export interface MonthWindow {
  readonly since: string;
  readonly until: string;
  readonly months: number;
}

export function monthWindow(dateFrom: string, dateTo: string): MonthWindow {
  const since = `${dateFrom.slice(0, 8)}01`;
  // Any month is over 31 days after its first, and that day lies in the next.
  const until = `${addDays(`${dateTo.slice(0, 8)}01`, 31).slice(0, 8)}01`;
  const months =
    (Number(dateTo.slice(0, 4)) - Number(dateFrom.slice(0, 4))) * 12 +
    Number(dateTo.slice(5, 7)) -
    Number(dateFrom.slice(5, 7)) +
    1;
  return { since, until, months };
}
