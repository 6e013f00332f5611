import { monthOf } from "./calendar.js";

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

/** Months that a range touches. */
export function countMonths(dateFrom: string, dateTo: string): number {
  return monthOf(dateTo) - monthOf(dateFrom) + 1;
}
