import type { Session } from "../database/queries.js";
import { RatesFinder } from "../rates/find-rates.js";
import type { Question } from "../rates/question.js";
import {
  chooseQuestions,
  countPrices,
  readAllRates,
  readMonthVersions,
  readVersion,
  shareOfRates,
} from "./drill.sql.js";

/** What a database holds of a dataset version. */
export interface Holdings {
  /** Number of the newest migration. */
  readonly schema: number;
  readonly version: number;
  /** When the dataset got this version, ISO 8601. */
  readonly since: string;
  /** The dataset version in which a month, `YYYY-MM`, changed last. */
  versionOf(month: string): number;
  /** By month, `YYYY-MM`. */
  readonly months: ReadonlyMap<string, Prices>;
  readonly answers: readonly Answered[];
}

interface Prices {
  readonly prices: bigint;
  /** In whole US dollars. */
  readonly sum: bigint;
}

interface Answered {
  readonly question: Question;
  /** Counts and sums of each day. */
  readonly answer: string;
}

/** So many that each month and level of regions has some. */
const PAGES = 200;

/** Questions about rates that the database has. @returns at most so many, fewer if it has few rates. */
export async function choose(session: Session, most: number): Promise<Question[]> {
  const share = await session.row(shareOfRates, { pages: PAGES });
  return session.rows(chooseQuestions, { percent: share?.percent ?? 100, most });
}

/** Reads every price and rate. @param session in a transaction that sees one snapshot, where others write. */
export async function readHoldings(session: Session, questions: readonly Question[]): Promise<Holdings> {
  const version = await session.row(readVersion);
  if (!version) throw new Error("the table `dataset` has lost its row");
  const changed = new Map((await session.rows(readMonthVersions)).map((row) => [row.month, Number(row.version)]));
  const counted = await session.rows(countPrices);
  await session.row(readAllRates);
  const finder = new RatesFinder();
  const answers: Answered[] = [];
  for (const question of questions) {
    const { counts, sums } = await finder.find(session.client, question);
    answers.push({ question, answer: JSON.stringify([counts, sums]) });
  }
  return {
    schema: version.schema,
    version: Number(version.version),
    since: version.changed_at.toISOString(),
    versionOf: (month) => changed.get(month) ?? Number(version.months_since),
    months: new Map(
      counted.map(({ month, price_sum, prices }) => [month, { prices: BigInt(prices), sum: BigInt(price_sum) }]),
    ),
    answers,
  };
}

/** What was compared of two databases, and how they differ. */
export interface Comparison {
  /** Prices of the months in which both are of the same version. */
  readonly prices: number;
  readonly questions: number;
  /** A line for each difference; empty if there is none. */
  readonly differences: readonly string[];
}

/**
 * Compares a restored copy with the database as it was. The copy may have a publish more than that, and is compared in
 * the months that this did not change: prices never stop arriving, so there may be no moment without a publish.
 */
export function compare(live: Holdings, copy: Holdings): Comparison {
  const unlike = unlikeAtAll(live, copy);
  if (unlike !== undefined) return { prices: 0, questions: 0, differences: [unlike] };
  const same = (month: string) => live.versionOf(month) === copy.versionOf(month);
  const months = [...new Set([...live.months.keys(), ...copy.months.keys()])].filter(same).sort();
  const pairs = live.answers
    .map((answered, index) => ({ ...answered, copied: copy.answers[index]?.answer }))
    .filter(({ question }) => same(question.dateFrom.slice(0, "YYYY-MM".length)));
  const wrong = pairs.filter(({ answer, copied }) => copied !== answer);
  return {
    prices: months.reduce((sum, month) => sum + Number(copy.months.get(month)?.prices ?? 0n), 0),
    questions: pairs.length,
    differences: [
      ...(months.length === 0 && live.months.size > 0 ? ["every month changed just then: hold another drill"] : []),
      ...months.flatMap((month) => differenceOf(month, live.months.get(month), copy.months.get(month))),
      ...(wrong[0] ? [`${wrong.length} of ${pairs.length} answers, such as ${told(wrong[0].question)}`] : []),
    ],
  };
}

/** Why nothing of the two can be compared. */
function unlikeAtAll(live: Holdings, copy: Holdings): string | undefined {
  if (live.schema !== copy.schema) return `schema ${copy.schema} instead of ${live.schema}`;
  if (copy.version < live.version || (copy.version === live.version && copy.since !== live.since)) {
    return `dataset version ${copy.version} of ${copy.since} instead of ${live.version} of ${live.since}`;
  }
  return undefined;
}

function differenceOf(month: string, live = NONE, copy = NONE): string[] {
  if (live.prices !== copy.prices) return [`${month}: ${copy.prices} prices instead of ${live.prices}`];
  if (live.sum !== copy.sum) return [`${month}: prices of ${copy.sum} US dollars instead of ${live.sum}`];
  return [];
}

const NONE: Prices = { prices: 0n, sum: 0n };

const told = ({ dateFrom, dateTo, destination, origin }: Question): string =>
  `${origin} to ${destination} from ${dateFrom} to ${dateTo}`;
