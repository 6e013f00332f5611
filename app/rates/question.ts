import { monthOf } from "./calendar.js";

/** From where to where. */
export interface Lane {
  /** Code of a port or slug of a region. */
  readonly origin: string;
  readonly destination: string;
}

/** ISO 8601 days; both are part of the range. */
export interface DayRange {
  readonly dateFrom: string;
  readonly dateTo: string;
}

/** A question of a consumer: the rates between two places on each day of a range. */
export interface Question extends Lane, DayRange {}

/** A question about several lanes: the rates of each on the same days. */
export interface LanesQuestion extends DayRange {
  readonly lanes: readonly Lane[];
}

/** Days of the longest range of a question. */
export const LONGEST_RANGE_DAYS = 366;
/** Most lanes of a question, which takes the time of as many questions about one lane. */
export const MOST_LANES = 10;
/** Characters of the longest code or slug. */
export const MOST_PLACE_CHARACTERS = 200;

const LANE = new RegExp(`^([^:,]{1,${MOST_PLACE_CHARACTERS}}):([^:,]{1,${MOST_PLACE_CHARACTERS}})$`);

/** `CNSGH:NLRTM`, as people and programs write a lane. Neither codes nor slugs have a colon. */
export function writeLane({ origin, destination }: Lane): string {
  return `${origin}:${destination}`;
}

/** Reads lanes that are separated by commas. Each fault says what is wrong, after the name of the parameter. */
export function readLanes(text: string): { readonly lanes: readonly Lane[]; readonly faults: readonly string[] } {
  const lanes: Lane[] = [];
  const faults: string[] = [];
  const texts = text.split(",");
  for (const [index, each] of texts.entries()) {
    const [, origin, destination] = LANE.exec(each) ?? [];
    if (origin === undefined || destination === undefined) {
      faults.push(`has ${JSON.stringify(each)}, which is not ORIGIN:DESTINATION`);
    } else if (texts.indexOf(each) !== index) faults.push(`has ${each} more than once`);
    else lanes.push({ origin, destination });
  }
  return { lanes, faults };
}

/**
 * Equal for equal questions, and different for different ones: codes contain no NUL, since the schema of the parameters
 * refuses it.
 */
export function questionKey(question: Question): string {
  return `${question.origin}\0${question.destination}\0${question.dateFrom}\0${question.dateTo}`;
}

/** As {@link questionKey}. */
export function lanesKey({ lanes, dateFrom, dateTo }: LanesQuestion): string {
  return `${lanes.map(writeLane).join(",")}\0${dateFrom}\0${dateTo}`;
}

/** Number of months that a range touches. */
export function countMonths(dateFrom: string, dateTo: string): number {
  return monthOf(dateTo) - monthOf(dateFrom) + 1;
}
