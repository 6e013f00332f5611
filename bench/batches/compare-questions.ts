import { setTimeout } from "node:timers/promises";
import type pg from "pg";
import { RatesFinder } from "../../app/rates/find-rates.js";
import type { Question } from "../../app/rates/question.js";
import { withFolder } from "../folder.js";
import { type Line, milliseconds } from "../report.js";
import { startIngest } from "../started-ingest.js";
import { writePrices } from "../write-prices.js";

/** A second of a busy machine would not tell its p99. */
const QUESTIONS = 20_000;
const PUBLISH_EVERY_MS = 10_000;
const PUBLISHES = 4;
/** A batch of another feed that comes meanwhile. */
const DELIVERY = { rows: 10_000, firstDay: "2025-01-25", days: 7, lanes: 3_000 };

export interface Compared {
  readonly ours: pg.Pool;
  readonly peer: pg.Pool;
  readonly dateFrom: string;
  readonly dateTo: string;
  /** What `ours` holds. */
  readonly what: string;
  /** Address of `ours`; a worker publishes a batch there every ten seconds meanwhile. */
  readonly publishTo?: string;
}

/**
 * Asks about the busiest lane of regions and that of ports, in turn, so that other load on the machine affects both
 * sides alike.
 */
export async function compareQuestions(compared: Compared): Promise<Line[]> {
  const { ours, peer, dateFrom, dateTo, publishTo } = compared;
  const lines: Line[] = [];
  for (const kind of ["region", "port"]) {
    const question = { ...(await findBusiest(peer, kind)), dateFrom, dateTo };
    const publishing = new AbortController();
    const published = publishTo && publishInTurn(publishTo, kind).finally(() => publishing.abort());
    const lasts = (turn: number) => (publishTo ? !publishing.signal.aborted : turn < QUESTIONS);
    lines.push(...(await ask([ours, peer], question, lasts, `${kind} to ${kind}`, compared)));
    await published;
  }
  return lines;
}

async function findBusiest(pool: pg.Pool, kind: string): Promise<{ origin: string; destination: string }> {
  const { rows } = await pool.query(
    `SELECT origin.code AS origin, destination.code AS destination
     FROM daily_rates r
     JOIN places origin ON origin.id = r.origin_id AND origin.kind = $1
     JOIN places destination ON destination.id = r.destination_id AND destination.kind = $1
     ORDER BY (SELECT sum(count) FROM unnest(r.counts) AS count) DESC LIMIT 1`,
    [kind],
  );
  return rows[0];
}

async function ask(
  pools: readonly [pg.Pool, pg.Pool],
  question: Question,
  lasts: (turn: number) => boolean,
  between: string,
  { what, publishTo }: Compared,
): Promise<Line[]> {
  const finders = pools.map(() => new RatesFinder());
  const times: [number[], number[]] = [[], []];
  for (let turn = 0; lasts(turn); turn += 1) {
    for (const side of [0, 1] as const) {
      const begun = performance.now();
      await (finders[side] as RatesFinder).find(pools[side], question);
      times[side].push(performance.now() - begun);
    }
  }
  const [most, beside] = publishTo ? [2, ", while a batch of 10,000 is published every 10 s"] : [1.5, ""];
  return (["p50", "p99"] as const).map((name) => {
    const [ours, peer] = times.map((of) => quantile(of, name === "p50" ? 0.5 : 0.99)) as [number, number];
    const held = name === "p99" || !publishTo;
    return {
      what: `${name} of a month, ${between}, with ${what}${beside}; against the same prices in one`,
      ours: milliseconds(ours),
      peer: milliseconds(peer),
      ratio: (ours / peer).toFixed(2),
      promised: held ? `at most ${most}` : "",
      broken: held && ours / peer > most,
    };
  });
}

function publishInTurn(url: string, seed: string): Promise<void> {
  return withFolder(async (folder) => {
    for (let turn = 0; turn < PUBLISHES; turn += 1) {
      const due = setTimeout(PUBLISH_EVERY_MS);
      const file = await writePrices(folder, `${seed}-${turn}.csv`, { ...DELIVERY, seed: turn + 100_000 });
      await (await startIngest(url, file, null, `beside ${seed}`)).end();
      await due;
    }
  });
}

export function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))] as number;
}
