import type pg from "pg";
import { publishBatch } from "../../app/batches/publish.js";
import { retractBatch } from "../../app/batches/retract.js";
import { Database } from "../../app/database/database.js";
import { type Line, milliseconds } from "../report.js";
import { quantile } from "./compare-questions.js";

const TURNS = 50;
const PROMISED_MS = 100;

/** Retracts and publishes again batches of any age. @param what the batches that there are. */
export async function timeChanges(pool: pg.Pool, what: string): Promise<Line[]> {
  const database = new Database(pool);
  const { rows } = await pool.query<{ id: number }>("SELECT id FROM batches WHERE mode = 'append' ORDER BY id");
  const retracts: number[] = [];
  const again: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const batch = rows[Math.floor((turn * rows.length) / TURNS)]?.id as number;
    retracts.push(await time(() => retractBatch(database, batch)));
    again.push(await time(() => publishBatch(database, batch)));
  }
  const newest = rows.at(-1)?.id as number;
  const first: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    await makeUnpublished(pool, newest);
    first.push(await time(() => publishBatch(database, newest, { onlyAudited: true })));
  }
  return [lineOf("publish", first), lineOf("retract", retracts), lineOf("publish again", again)];

  function lineOf(change: string, times: readonly number[]): Line {
    const p50 = quantile(times, 0.5);
    const worst = Math.max(...times);
    return {
      what: `${change} of one of ${what}: p50, and the worst of ${TURNS}`,
      ours: `${milliseconds(p50)}, ${milliseconds(worst)}`,
      peer: "",
      ratio: "",
      promised: `under ${PROMISED_MS} ms`,
      broken: p50 >= PROMISED_MS,
    };
  }
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
