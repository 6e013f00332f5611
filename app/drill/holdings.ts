import type { Session } from "../database/queries.js";
import { RatesFinder } from "../rates/find-rates.js";
import type { Question } from "../rates/question.js";
import { chooseQuestions, countPrices, readAllRates, readVersion, shareOfRates } from "./drill.sql.js";

/** What a database holds of a dataset version. */
export interface Holdings {
  /** Number of the newest migration. */
  readonly schema: number;
  readonly version: number;
  /** When the dataset got this version, ISO 8601. */
  readonly since: string;
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
    months: new Map(
      counted.map(({ month, price_sum, prices }) => [month, { prices: BigInt(prices), sum: BigInt(price_sum) }]),
    ),
    answers,
  };
}

/** How a restored copy differs from the database as it was, a line for each; empty if it does not. */
export function differences(live: Holdings, copy: Holdings): string[] {
  if (live.schema !== copy.schema) return [`schema ${copy.schema} instead of ${live.schema}`];
  if (live.version !== copy.version || live.since !== copy.since) {
    return [`dataset version ${copy.version} of ${copy.since} instead of ${live.version} of ${live.since}`];
  }
  const months = [...new Set([...live.months.keys(), ...copy.months.keys()])].sort();
  const wrong = live.answers.filter(({ answer }, index) => copy.answers[index]?.answer !== answer);
  return [
    ...months.flatMap((month) => differenceOf(month, live.months.get(month), copy.months.get(month))),
    ...(wrong[0] ? [`${wrong.length} of ${live.answers.length} answers, such as ${told(wrong[0].question)}`] : []),
  ];
}

function differenceOf(month: string, live = NONE, copy = NONE): string[] {
  if (live.prices !== copy.prices) return [`${month}: ${copy.prices} prices instead of ${live.prices}`];
  if (live.sum !== copy.sum) return [`${month}: prices of ${copy.sum} US dollars instead of ${live.sum}`];
  return [];
}

const NONE: Prices = { prices: 0n, sum: 0n };

const told = ({ dateFrom, dateTo, destination, origin }: Question): string =>
  `${origin} to ${destination} from ${dateFrom} to ${dateTo}`;
