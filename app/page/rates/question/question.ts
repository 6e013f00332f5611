import { addDays, type Day, daysIn, isDay, today } from "../day.js";

/**
 * The question that the page asks the API and that its address contains. Days and places may be any text that a visitor
 * typed.
 */
export interface Question {
  readonly origin: string | undefined;
  readonly destination: string | undefined;
  readonly dateFrom: Day;
  readonly dateTo: Day;
}

/** Number of days to show if the address names none. */
export const DEFAULT_DAYS = 90;

/**
 * Reads `?origin=&destination=&date_from=&date_to=`, which are parameters of the API too. A missing day gets a default.
 */
export function readQuestion(search: string): Question {
  const parameters = new URLSearchParams(search);
  const dateTo = parameters.get("date_to") || today();
  const from = isDay(dateTo) ? addDays(dateTo, 1 - DEFAULT_DAYS) : dateTo;
  return {
    origin: parameters.get("origin") || undefined,
    destination: parameters.get("destination") || undefined,
    dateFrom: parameters.get("date_from") || from,
    dateTo,
  };
}

/** The query string of a question, for the page and for the API. */
export function writeQuestion({ origin, destination, dateFrom, dateTo }: Question): string {
  const parameters = new URLSearchParams();
  if (origin) parameters.set("origin", origin);
  if (destination) parameters.set("destination", destination);
  parameters.set("date_from", dateFrom);
  parameters.set("date_to", dateTo);
  return `?${parameters}`;
}

/** The same question for a range of `days` days with the same last day. */
export function withLength(question: Question, days: number): Question {
  const dateTo = isDay(question.dateTo) ? question.dateTo : today();
  return { ...question, dateTo, dateFrom: addDays(dateTo, 1 - days) };
}

/** Number of days in the range; undefined if an end is not a day or the ends are reversed. */
export function lengthOf({ dateFrom, dateTo }: Question): number | undefined {
  if (!isDay(dateFrom) || !isDay(dateTo) || dateFrom > dateTo) return undefined;
  return daysIn(dateFrom, dateTo);
}
