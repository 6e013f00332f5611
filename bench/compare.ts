import { deepEqual } from "node:assert/strict";
import { processorTimeMs } from "./processor-time.js";
import { applyLoad, type Started } from "./started.js";

/** One side of a comparison. */
export interface Side {
  readonly server: Started;
  readonly paths: readonly string[];
}

export interface Comparison {
  /** Median over the rounds: requests per second, milliseconds, or microseconds of the processor. */
  readonly ours: number;
  readonly peer: number;
  /** Median of the rounds' ratios ours / peer. */
  readonly ratio: number;
}

const ROUNDS = 5;
const ROUND_SECONDS = 4;

/**
 * Requests per second of both sides with many connections.
 * @throws if they do not answer alike: a peer that is fast because it is wrong is none.
 */
export async function compareThroughput(ours: Side, peer: Side, connections = 10): Promise<Comparison> {
  for (const path of peer.paths.slice(0, 20)) {
    const answers = await Promise.all([ours, peer].map(async ({ server }) => (await fetch(server.url + path)).json()));
    deepEqual(rounded(answers[0]), rounded(answers[1]), `${path} is answered in two ways`);
  }
  return inTurn(ours, peer, async ({ server, paths }, durationSeconds) => {
    const load = { kind: "throughput", url: server.url, paths, connections, durationSeconds } as const;
    return (await applyLoad(load)).requestsPerSecond;
  });
}

/**
 * Microseconds of the processor that a request takes on both sides, with many connections: what others do on the
 * machine changes it less than requests per second.
 */
export function compareProcessorTime(ours: Side, peer: Side, connections = 10): Promise<Comparison> {
  return inTurn(ours, peer, async ({ server, paths }, durationSeconds) => {
    const beforeMs = await processorTimeMs(server.pid);
    const load = { kind: "throughput", url: server.url, paths, connections, durationSeconds } as const;
    const { requests } = await applyLoad(load);
    return ((await processorTimeMs(server.pid)) - beforeMs) * (1_000 / requests);
  });
}

/** Postgres' `avg` and a quotient of doubles differ in the last digits. */
function rounded(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer, (_, value) => (typeof value === "number" ? value.toPrecision(12) : value)));
}

/** Median milliseconds of both sides, one request at a time. */
export function compareLatency(ours: Side, peer: Side): Promise<Comparison> {
  return inTurn(ours, peer, async ({ server, paths }, durationSeconds) => {
    const load = { kind: "latency", url: server.url, paths, connections: 1, durationSeconds } as const;
    return (await applyLoad(load)).p50Ms;
  });
}

/**
 * Measures both sides in turn, A B B A …, so that a slow phase of the machine meets both, after a round that does not
 * count. Ratios are taken round by round.
 */
async function inTurn(
  ours: Side,
  peer: Side,
  measure: (side: Side, durationSeconds: number) => Promise<number>,
): Promise<Comparison> {
  await measure(ours, 2);
  await measure(peer, 2);
  const rounds: { ours: number; peer: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round % 2 === 0) {
      const first = await measure(ours, ROUND_SECONDS);
      rounds.push({ ours: first, peer: await measure(peer, ROUND_SECONDS) });
    } else {
      const first = await measure(peer, ROUND_SECONDS);
      rounds.push({ ours: await measure(ours, ROUND_SECONDS), peer: first });
    }
  }
  return {
    ours: median(rounds.map((round) => round.ours)),
    peer: median(rounds.map((round) => round.peer)),
    ratio: median(rounds.map((round) => round.ours / round.peer)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
