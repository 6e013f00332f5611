import { Agent, get } from "node:http";
import { text } from "node:stream/consumers";
import autocannon from "autocannon";

/**
 * Load generator, a process of its own so that it shares no event loop with what it measures.
 * Reads JSON {@link LoadOptions}, which may be longer than a command line, and prints JSON {@link LoadResult}.
 */
export interface LoadOptions {
  /** `throughput`: as many requests as the connections carry (autocannon). `latency`: the same, timed one by one in
   * microseconds, which autocannon's histogram of whole milliseconds cannot show. */
  readonly kind: "throughput" | "latency";
  readonly url: string;
  /**
   * Asked for in turn; with `throughput` each connection begins elsewhere, or all would ask the same at the same time.
   */
  readonly paths: readonly string[];
  readonly connections: number;
  readonly durationSeconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

const options = JSON.parse(await text(process.stdin)) as LoadOptions;
const result = options.kind === "throughput" ? await measureThroughput() : await measureLatency();
process.stdout.write(JSON.stringify(result));

async function measureThroughput(): Promise<LoadResult> {
  const requests = options.paths.map((path) => ({ path }));
  let begun = 0;
  const measured = await autocannon({
    url: options.url,
    connections: options.connections,
    duration: options.durationSeconds,
    setupClient(client) {
      const at = Math.floor((begun++ * requests.length) / options.connections);
      client.setRequests([...requests.slice(at), ...requests.slice(0, at)]);
    },
  });
  return {
    requests: measured.requests.total,
    requestsPerSecond: measured.requests.total / measured.duration,
    p50Ms: measured.latency.p50,
    p99Ms: measured.latency.p99,
    failed: measured.non2xx + measured.errors + measured.timeouts,
  };
}

async function measureLatency(): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  const end = performance.now() + options.durationSeconds * 1_000;
  const times: number[] = [];
  let failed = 0;
  let next = 0;
  const ask = (path: string) =>
    new Promise<number>((resolve, reject) => {
      get(options.url + path, { agent }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode ?? 0));
      }).on("error", reject);
    });
  const connection = async () => {
    while (performance.now() < end) {
      const path = options.paths[next++ % options.paths.length] as string;
      const start = performance.now();
      const status = await ask(path).catch(() => 0);
      if (status === 200) times.push(performance.now() - start);
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: options.connections }, connection));
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return {
    requests: times.length,
    requestsPerSecond: times.length / options.durationSeconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    failed,
  };
}
