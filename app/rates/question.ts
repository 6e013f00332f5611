import { monthOf } from "./calendar.js";

/** A question of a consumer: the rates between two places on each day of a range. */
export interface Question {
  /** Code of a port or slug of a region. */
  readonly origin: string;
  readonly destination: string;
  /** ISO 8601 days; both are part of the range. */
  readonly dateFrom: string;
  readonly dateTo: string;
}

/**
 * Equal for equal questions, and different for different ones: codes contain no NUL, since the schema of the parameters
 * refuses it.
 */
export function questionKey(question: Question): string {
  return `${question.origin}\0${question.destination}\0${question.dateFrom}\0${question.dateTo}`;
}

/** Number of months that a range touches. */
export function countMonths(dateFrom: string, dateTo: string): number {
  return monthOf(dateTo) - monthOf(dateFrom) + 1;
}
