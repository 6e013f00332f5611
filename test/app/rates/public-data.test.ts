import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { skipBecause } from "../../kit/skip.js";
import { type Running, runRatesapp, startRatesapp } from "../commands/ratesapp.js";

/** ports.csv, regions.csv and prices.csv: prices of January 2021. */
const FOLDER = process.env.PUBLIC_DATA_DIR ?? "../shared/data";
const SEED = Number(process.env.PUBLIC_DATA_SEED ?? Math.floor(Math.random() * 2 ** 31));
const QUESTIONS = 400;
const FIRST_DAY = Date.UTC(2020, 11, 20);
const DAY_MS = 86_400_000;

interface Rate {
  readonly day: string;
  readonly count: number | null;
  readonly price: number | null;
}

describe("the public data", function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let server: Running | undefined;
  let lines: Lines;

  before(async function () {
    if (!existsSync(join(FOLDER, "prices.csv"))) {
      skipBecause(this, `no public data in ${FOLDER} (PUBLIC_DATA_DIR names another folder)`);
    }
    lines = await readLines();
    database = await createDatabase();
  });

  after(async () => {
    server?.child.kill("SIGKILL");
    await server?.ended;
    await database?.drop();
  });

  it(`is loaded by the commands, and answers are those of the files (PUBLIC_DATA_SEED=${SEED})`, async () => {
    const environment = { DATABASE_URL: database.url };
    const places = ["--ports", join(FOLDER, "ports.csv"), "--regions", join(FOLDER, "regions.csv")];
    const imported = await runRatesapp(["places", "import", ...places], environment);
    expect(imported).to.include({ code: 0, stderr: "" });
    expect(imported.stdout).to.include(`Ports: ${lines.ports.length}; regions: ${lines.regions.length}; `);
    const ingested = await runRatesapp(["ingest", "run", "--source", join(FOLDER, "prices.csv")], environment);
    expect(ingested.code, ingested.stderr).to.equal(0);
    expect(ingested.stdout).to.include(`is published: ${lines.prices.length.toLocaleString("en-US")} prices.`);

    const listen = { HOST: "127.0.0.1", PORT: "0", ADMIN_PORT: "0", RATE_LIMIT_PER_SECOND: "0" };
    server = startRatesapp(["serve"], { ...environment, ...listen });
    const { api } = JSON.parse(await server.line(/"msg":"serving"/)) as { api: string };

    const above = regionsAbove(lines);
    const regions = new Set(lines.regions.map(([slug]) => slug));
    const priced: Record<string, number> = {};
    for (const question of fc.sample(questions(lines, above), { seed: SEED, numRuns: QUESTIONS })) {
      const answer = await fetch(`${api}/rates?${new URLSearchParams({ ...question })}`);
      const { rates } = (await answer.json()) as { rates: Rate[] };
      const expected = average(question, lines, above);
      expect(rates, JSON.stringify(question)).to.deep.equal(expected);
      const kind = [question.origin, question.destination].map((code) => (regions.has(code) ? "region" : "port"));
      if (expected.some(({ price }) => price !== null)) priced[kind.join()] = (priced[kind.join()] ?? 0) + 1;
    }
    // Whatever the seed, each kind of question found prices.
    for (const kind of ["port,port", "port,region", "region,port", "region,region"])
      expect(priced[kind], kind).to.be.greaterThan(10);
  });
});

type Line = readonly string[];

interface Lines {
  /** Code, name and region; a name may hold anything, and is not read. */
  readonly ports: readonly Line[];
  readonly regions: readonly Line[];
  /** Origin, destination, day and price. */
  readonly prices: readonly Line[];
}

async function readLines(): Promise<Lines> {
  const read = async (name: string) => {
    const [, ...rest] = (await readFile(join(FOLDER, name), "utf8")).trim().split(/\r?\n/);
    return rest.map((line) => line.split(","));
  };
  return { ports: await read("ports.csv"), regions: await read("regions.csv"), prices: await read("prices.csv") };
}

/** Each place with itself and every region around it. */
function regionsAbove({ ports, regions }: Lines): ReadonlyMap<string, readonly string[]> {
  const parents = new Map([...regions, ...ports].map((line) => [line[0] as string, line.at(-1)]));
  const climb = (code: string): string[] => [code, ...(parents.get(code) ? climb(parents.get(code) as string) : [])];
  return new Map([...parents.keys()].map((code) => [code, climb(code)]));
}

interface Question {
  readonly origin: string;
  readonly destination: string;
  readonly date_from: string;
  readonly date_to: string;
}

/** Mostly of a lane that has prices, at either end the port or a region around it; now and then of any two places. */
function questions({ prices }: Lines, above: ReadonlyMap<string, readonly string[]>): fc.Arbitrary<Question> {
  const anywhere = fc.constantFrom(...above.keys());
  const around = (code: string | undefined) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(code as string) },
      { weight: 4, arbitrary: fc.constantFrom(...(above.get(code as string) ?? [])) },
      { weight: 1, arbitrary: anywhere },
    );
  const day = fc.nat({ max: 55 }).map((index) => new Date(FIRST_DAY + index * DAY_MS).toISOString().slice(0, 10));
  return fc.tuple(fc.constantFrom(...prices), day, day).chain(([[origin, destination], one, other]) =>
    fc.record({
      origin: around(origin),
      destination: around(destination),
      date_from: fc.constant(one < other ? one : other),
      date_to: fc.constant(one < other ? other : one),
    }),
  );
}

/** Reads every line for every question, and knows nothing of how the service keeps prices. */
function average(asked: Question, { prices }: Lines, above: ReadonlyMap<string, readonly string[]>): Rate[] {
  const found = new Map<string, number[]>();
  for (const [origin = "", destination = "", day = "", price] of prices) {
    if (day < asked.date_from || day > asked.date_to) continue;
    if (!above.get(origin)?.includes(asked.origin) || !above.get(destination)?.includes(asked.destination)) continue;
    const others = found.get(day);
    if (others) others.push(Number(price));
    else found.set(day, [Number(price)]);
  }
  const rates: Rate[] = [];
  for (let ms = Date.parse(asked.date_to); ms >= Date.parse(asked.date_from); ms -= DAY_MS) {
    const day = new Date(ms).toISOString().slice(0, 10);
    const of = found.get(day) ?? [];
    const mean = of.reduce((sum, price) => sum + price, 0) / of.length;
    rates.push({ day, count: of.length || null, price: of.length >= 3 ? mean : null });
  }
  return rates;
}
