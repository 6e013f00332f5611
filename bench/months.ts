import { setTimeout } from "node:timers/promises";
import { Database } from "../app/database/database.js";
import { demoPorts } from "../app/demo/demo-places.js";
import { ingestSource } from "../app/ingest/ingest-source.js";
import { withPool } from "./bench-database.js";
import { priceSource } from "./price-source.js";
import type { Line } from "./report.js";
import { type Started, startRatesapp } from "./started.js";

const SECONDS = 20;
const LANES = 10;
/** Months before the busy one. */
const MONTHS = 12;

interface Asked {
  readonly path: string;
  etag: string;
}

/**
 * The share of answers that come from memory, or that the client has by 304, while a batch a second is published in one
 * month: of the months before it; against that month itself. Every second question names the ETag of the answer before.
 * @param busyMonth such as 2025-01
 */
export async function benchMonths(url: string, busyMonth: string): Promise<Line> {
  const server = await startRatesapp({ DATABASE_URL: url });
  try {
    const ports = demoPorts.map(({ code }) => code);
    const questions = (month: string): Asked[] =>
      Array.from({ length: LANES }, (_, lane) => ({
        path: `/rates?date_from=${month}-01&date_to=${month}-28&origin=${ports[lane]}&destination=${ports[lane + LANES]}`,
        etag: "",
      }));
    const others = Array.from({ length: MONTHS }, (_, index) => monthBefore(busyMonth, index + 1)).flatMap(questions);
    const busy = questions(busyMonth);
    for (let round = 0; round < 3; round += 1) await shareKept(server, [...others, ...busy]);

    const publishing = publishEachSecond(url, busyMonth);
    const shares: { others: number[]; busy: number[] } = { others: [], busy: [] };
    for (const end = performance.now() + SECONDS * 1_000; performance.now() < end; ) {
      shares.others.push(await shareKept(server, others));
      shares.busy.push(await shareKept(server, busy));
      await setTimeout(20);
    }
    await publishing;
    const [ours, peer] = [mean(shares.others), mean(shares.busy)];
    return {
      what: "share of answers from memory or by 304 while one month gets a publish a second, of other months; against that month",
      ours: ours.toFixed(4),
      peer: peer.toFixed(4),
      ratio: "",
      promised: "at least 0.99",
      broken: ours < 0.99,
    };
  } finally {
    await server.stop();
  }
}

async function shareKept(server: Started, questions: Asked[]): Promise<number> {
  let kept = 0;
  for (const [index, asked] of questions.entries()) {
    const headers = index % 2 === 0 ? { "If-None-Match": asked.etag } : {};
    const answer = await fetch(server.url + asked.path, { headers });
    await answer.arrayBuffer();
    asked.etag = answer.headers.get("etag") ?? "";
    if (answer.status === 304 || answer.headers.get("server-timing")?.startsWith("cache")) kept += 1;
  }
  return kept / questions.length;
}

function publishEachSecond(url: string, month: string): Promise<void> {
  return withPool(url, async (pool) => {
    for (let second = 0; second < SECONDS; second += 1) {
      const due = setTimeout(1_000);
      const source = priceSource(`second ${second}.csv`, {
        rows: 100,
        firstDay: `${month}-01`,
        days: 28,
        seed: second,
      });
      const [batch] = await ingestSource({ database: new Database(pool), source, feed: "each second" });
      if (batch?.state !== "published") throw new Error(`second ${second} is ${batch?.state}: ${batch?.failure}`);
      await due;
    }
  });
}

function monthBefore(month: string, months: number): string {
  const first = new Date(`${month}-01`);
  first.setUTCMonth(first.getUTCMonth() - months);
  return first.toISOString().slice(0, 7);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
