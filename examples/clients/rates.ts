// A client of the rates API, with nothing but what Node.js brings. As a program, it prints a line for each day: the
// day, the price and how many prices it is the mean of, `-` for null.
//
//   npx tsx examples/clients/rates.ts ORIGIN DESTINATION FROM TO [--csv | --follow]
//
// --csv prints the service's own CSV; --follow asks every second and prints again when the rates have changed.
// RATES_URL is where the service is, http://127.0.0.1:3000 if not set.
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

export interface Question {
  /** Code of a port or slug of a region. */
  readonly origin: string;
  readonly destination: string;
  /** First and last day, `YYYY-MM-DD`. */
  readonly from: string;
  readonly to: string;
}

export interface Rate {
  readonly day: string;
  /** Mean in US dollars; null under three prices. */
  readonly price: number | null;
  /** Null on a day without prices. */
  readonly count: number | null;
}

/** What every error of the API is (RFC 9457). `type` is what a program should look at; the rest is for people. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** The parameters that are wrong, each with a type of its own. */
  readonly errors?: readonly { readonly parameter: string; readonly type: string; readonly detail: string }[];
}

/** Thrown when the service answers with an error that another try would not change. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super([`${problem.status} ${problem.title}`, problem.detail].filter(Boolean).join(": "));
    this.name = "ProblemError";
    this.problem = problem;
  }
}

/** Too many requests, or *not now*: the answer says in Retry-After when to ask again. */
const NOT_NOW = new Set([429, 503]);
const MOST_ATTEMPTS = 10;

export class RatesClient {
  readonly #service: string;
  /** The last answer to each question. The service says with a 304, which is cheap, that it is still right. */
  readonly #known = new Map<string, { readonly etag: string; readonly body: string }>();

  constructor(service: string) {
    this.#service = service;
  }

  /**
   * Every day of the range, newest first.
   * @throws {ProblemError}
   */
  async rates(question: Question): Promise<readonly Rate[]> {
    const answer = JSON.parse(await this.#ask(question, "application/json")) as { rates: readonly Rate[] };
    return answer.rates;
  }

  /**
   * The same as CSV: `day,price,count`, an empty field for null.
   * @throws {ProblemError}
   */
  csv(question: Question): Promise<string> {
    return this.#ask(question, "text/csv");
  }

  async #ask({ origin, destination, from, to }: Question, accept: string): Promise<string> {
    const parameters = new URLSearchParams({ origin, destination, date_from: from, date_to: to });
    const url = `${this.#service}/rates?${parameters}`;
    const key = `${accept} ${url}`;
    const known = this.#known.get(key);
    const headers = { Accept: accept, ...(known && { "If-None-Match": known.etag }) };
    for (let attempt = 1; ; attempt += 1) {
      const response = await fetch(url, { headers });
      if (response.status === 304 && known) return known.body;
      const body = await response.text();
      if (response.ok) {
        const etag = response.headers.get("ETag");
        if (etag !== null) this.#known.set(key, { etag, body });
        return body;
      }
      if (!NOT_NOW.has(response.status) || attempt === MOST_ATTEMPTS)
        throw new ProblemError(readProblem(response, body));
      const seconds = Number(response.headers.get("Retry-After") ?? 1);
      // A little more, and not the same for all, so that clients which were sent away together do not return together.
      await sleep(1000 * (seconds + Math.random() / 2));
    }
  }
}

/** What stands between client and service, such as a load balancer, writes its errors in forms of its own. */
function readProblem({ headers, status, statusText }: Response, body: string): Problem {
  const type = headers.get("Content-Type") ?? "";
  return type.startsWith("application/problem+json")
    ? JSON.parse(body)
    : { type: "about:blank", title: statusText, status };
}

/** A name with several addresses has an error for each, and no message of its own. */
function reasonOf(cause: unknown): string {
  return cause instanceof AggregateError ? cause.errors.map(String).join("; ") : String(cause);
}

async function main(args: readonly string[]): Promise<void> {
  const [origin, destination, from, to, option] = args;
  if (!origin || !destination || !from || !to || ![undefined, "--csv", "--follow"].includes(option)) {
    console.error("Usage: rates.ts ORIGIN DESTINATION FROM TO [--csv | --follow]");
    process.exit(2);
  }
  const client = new RatesClient(process.env.RATES_URL ?? "http://127.0.0.1:3000");
  const question = { origin, destination, from, to };
  const show = async () => {
    if (option === "--csv") return client.csv(question);
    const rates = await client.rates(question);
    return rates.map(({ day, price, count }) => `${day}\t${price ?? "-"}\t${count ?? "-"}\n`).join("");
  };
  let shown = await show();
  process.stdout.write(shown);
  while (option === "--follow") {
    await sleep(1000);
    const now = await show();
    if (now !== shown) process.stdout.write(`\n${now}`);
    shown = now;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.argv.slice(2)).catch((error: unknown) => {
    if (error instanceof ProblemError) console.error(error.message);
    // fetch says only that it failed; the cause says why.
    else if (error instanceof TypeError && error.cause)
      console.error(`The service does not answer: ${reasonOf(error.cause)}`);
    else throw error;
    process.exitCode = 1;
  });
}
