import type pg from "pg";
import { publishBatch } from "../../app/batches/publish.js";
import { retractBatch } from "../../app/batches/retract.js";
import { Database } from "../../app/database/database.js";
import { type BatchReport, ingestSource } from "../../app/ingest/ingest-source.js";
import { type PriceLines, priceSource } from "../price-source.js";
import { type Line, milliseconds } from "../report.js";
import { quantile } from "./compare-questions.js";
import { FEED } from "./load-small.js";

const TURNS = 50;
const PROMISED_MS = 100;

/** Retracts and publishes again batches of any age. @param what the batches that there are, all of one mode. */
export async function timeChanges(pool: pg.Pool, what: string): Promise<Line[]> {
  const { rows } = await pool.query<{ id: number }>("SELECT id FROM batches WHERE mode <> 'compaction' ORDER BY id");
  const newest = rows.at(-1)?.id as number;
  const ofAnyAge = (turn: number) => rows[Math.floor((turn * rows.length) / TURNS)]?.id as number;
  const changes = await change(pool, ofAnyAge);
  const first: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    await makeUnpublished(pool, newest);
    first.push(await time(() => publishBatch(new Database(pool), newest, { onlyAudited: true })));
  }
  return [lineOf(`publish of one of ${what}`, first), ...linesOf(`one of ${what}`, changes)];
}

/** Delivers a batch that replaces all of {@link FEED}, retracts it and publishes it again. @param what the batch. */
export async function timeReplace(pool: pg.Pool, what: string, lines: Omit<PriceLines, "seed">): Promise<Line[]> {
  const source = priceSource("replace.csv", { ...lines, seed: 0 });
  const [report] = await ingestSource({ database: new Database(pool, {}), source, feed: FEED, mode: "replace" });
  return linesOf(what, await change(pool, () => (report as BatchReport).batchId));
}

interface Changes {
  readonly retracts: readonly number[];
  readonly again: readonly number[];
}

async function change(pool: pg.Pool, batchOf: (turn: number) => number): Promise<Changes> {
  const database = new Database(pool);
  const retracts: number[] = [];
  const again: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const batch = batchOf(turn);
    retracts.push(await time(() => retractBatch(database, batch)));
    again.push(await time(() => publishBatch(database, batch)));
  }
  return { retracts, again };
}

function linesOf(what: string, { retracts, again }: Changes): Line[] {
  return [lineOf(`retract of ${what}`, retracts), lineOf(`publish again of ${what}`, again)];
}

function lineOf(what: string, times: readonly number[]): Line {
  const p50 = quantile(times, 0.5);
  const worst = Math.max(...times);
  return {
    what: `${what}: p50, and the worst of ${TURNS}`,
    ours: `${milliseconds(p50)}, ${milliseconds(worst)}`,
    peer: "",
    ratio: "",
    promised: `under ${PROMISED_MS} ms`,
    broken: p50 >= PROMISED_MS,
  };
}

/** As it was behind its audit. */
async function makeUnpublished(pool: pg.Pool, batchId: number): Promise<void> {
  await retractBatch(new Database(pool), batchId);
  await publishBatch(new Database(pool), batchId);
  await pool.query("UPDATE batch_days SET visible = false WHERE batch_id = $1", [batchId]);
  await pool.query("UPDATE batches SET state = 'audited', sequence = NULL, published_at = NULL WHERE id = $1", [
    batchId,
  ]);
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
