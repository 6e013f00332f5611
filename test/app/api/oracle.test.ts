import { expect } from "chai";
import fc from "fast-check";
import type pg from "pg";
import { retractBatch } from "../../../app/batches/retract.js";
import { startApi } from "../../kit/api.js";
import { deliver, loadBatch, type Price } from "../../kit/batches.js";
import { createDatabase } from "../../kit/database.js";
import { bringPlaces, type PlaceTree } from "../../kit/places.js";
import { runs } from "../../kit/runs.js";
import { spreadOf } from "../../kit/spread.js";

/** What the answer should be: the tree walked and the prices added up at once, without anything made beforehand. */
const ORACLE = `
  WITH RECURSIVE origins AS (
    SELECT id FROM places WHERE code = $1
    UNION ALL
    SELECT p.id FROM places p JOIN origins o ON p.parent_id = o.id
  ), destinations AS (
    SELECT id FROM places WHERE code = $2
    UNION ALL
    SELECT p.id FROM places p JOIN destinations d ON p.parent_id = d.id
  )
  SELECT wanted::date::text AS day, nullif(count(p.price), 0)::integer AS count,
    CASE WHEN count(p.price) >= 3 THEN sum(p.price)::float8 / count(p.price)::float8 END AS price,
    coalesce(array_agg(p.price ORDER BY p.price) FILTER (WHERE p.price > 0), '{}') AS prices
  FROM generate_series($3::date, $4::date, interval '1 day') AS wanted
  LEFT JOIN prices p ON p.day = wanted::date
    AND p.origin_id IN (SELECT id FROM origins)
    AND p.destination_id IN (SELECT id FROM destinations)
    AND p.batch_id IN (SELECT id FROM batches WHERE state = 'published')
  GROUP BY wanted
  ORDER BY wanted DESC`;

const LEAP_DAY = "2024-02-29";
const DAYS = ["2023-12-31", "2024-01-01", "2024-02-28", LEAP_DAY, "2024-03-01"];
const RANGE_ENDS = ["2023-12-30", ...DAYS, "2024-03-31", "2024-04-01"];

/** Each region lies in one before it or in none: chains down to depth 5, broad trees, forests. */
const tree: fc.Arbitrary<PlaceTree> = fc
  .oneof(
    fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 7 }),
    fc.constantFrom([0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 2, 1]),
  )
  .chain((parents) =>
    fc.array(fc.nat({ max: parents.length }), { minLength: 1, maxLength: 6 }).map((ports) => ({
      regions: Object.fromEntries(
        parents.map((parent, index) => [`region_${index}`, inRegion(Math.min(parent, index))]),
      ),
      ports: Object.fromEntries(ports.map((parent, index) => [`AAAA${"ABCDEF"[index]}`, inRegion(parent)])),
    })),
  );

/** 0 is none. */
function inRegion(parent: number): string {
  return parent === 0 ? "" : `region_${parent - 1}`;
}

interface RawPrice {
  readonly origin: number;
  readonly destination: number;
  readonly day: string;
  readonly price: number;
}
// Few days, so that days with 0, 1, 2, 3 and more prices are all common.
const prices = fc.array(
  fc.record<RawPrice>({
    origin: fc.nat({ max: 5 }),
    destination: fc.nat({ max: 5 }),
    day: fc.constantFrom(...DAYS),
    price: fc.oneof(fc.integer({ min: 1, max: 9_999 }), fc.constant(2_147_483_647)),
  }),
  { minLength: 1, maxLength: 30 },
);

interface RawQuestion {
  readonly origin: number;
  readonly destination: number;
  readonly from: string;
  readonly to: string;
  readonly spelling: boolean;
}

const questions = fc.array(
  fc.record<RawQuestion>({
    origin: fc.nat(),
    destination: fc.nat(),
    from: fc.constantFrom(...RANGE_ENDS),
    to: fc.constantFrom(...RANGE_ENDS),
    spelling: fc.boolean(),
  }),
  { minLength: 12, maxLength: 24 },
);

/** What chance may leave out: a chain of five regions beside flat ones, more than three ports, one of them in none. */
const FORCED_TREE: PlaceTree = {
  regions: {
    deep_1: "",
    deep_2: "deep_1",
    deep_3: "deep_2",
    deep_4: "deep_3",
    deep_5: "deep_4",
    beside: "deep_2",
    flat: "",
    empty: "",
  },
  ports: { AAAAA: "deep_5", AAAAB: "deep_1", AAAAC: "beside", AAAAD: "flat", AAAAE: "flat", AAAAF: "" },
};
/** On a leap day one, two and three prices (and on other lanes none), between two ports and of a port with itself. */
const FORCED_PRICES: readonly RawPrice[] = [
  { origin: 0, destination: 0, prices: [10] },
  { origin: 2, destination: 2, prices: [20, 21] },
  { origin: 3, destination: 3, prices: [30, 31, 35] },
  { origin: 0, destination: 3, prices: [40] },
  { origin: 3, destination: 0, prices: [50, 51] },
  { origin: 5, destination: 2, prices: [60, 61, 65] },
  { origin: 4, destination: 4, prices: [7, 900, 20_000, 3, 50, 51, 51, 1_000, 1_010, 1_040] },
  { origin: 4, destination: 3, prices: [400, 401, 402, 403, 404, 405, 406, 5_000_000, 9, 10, 11, 12] },
].flatMap(({ prices, ...lane }) => prices.map((price) => ({ ...lane, day: LEAP_DAY, price })));
/** Every pair of places, also each with itself. */
const FORCED_PLACES = Object.keys({ ...FORCED_TREE.ports, ...FORCED_TREE.regions });
const FORCED_QUESTIONS: readonly RawQuestion[] = FORCED_PLACES.flatMap((_, origin) =>
  FORCED_PLACES.flatMap((_, destination) => [
    { origin, destination, from: LEAP_DAY, to: LEAP_DAY, spelling: true },
    { origin, destination, from: "2023-12-30", to: "2024-03-31", spelling: false },
  ]),
);

describe("answers", function () {
  this.timeout(180_000);

  it("are those of a plain query over the prices, whatever the tree, the prices and the question", async () => {
    const met = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        tree,
        fc.array(prices, { minLength: 1, maxLength: 3 }),
        prices,
        questions,
        async (shape, published, hidden, asked) => {
          const database = await createDatabase();
          try {
            await bringPlaces(database, shape);
            const codes = [...Object.keys(shape.ports), ...Object.keys(shape.regions)];
            const named = (raw: readonly RawPrice[]) => raw.map((price) => name(price, Object.keys(shape.ports)));
            for (const [index, batch] of published.entries()) {
              await deliver(database, { prices: named(batch), feed: `feed ${index % 2}` });
            }
            // Never seen: a batch that is loaded only, and one that was published and retracted.
            await loadBatch(database, { prices: named(hidden) });
            await retractBatch(database, await deliver(database, { prices: named(hidden), feed: "wrong" }));
            const server = await startApi({ DATABASE_URL: database.url });
            try {
              for (const { origin, destination, from, to, spelling } of asked) {
                const [dateFrom, dateTo] = [from, to].sort() as [string, string];
                const ends = [codes[origin % codes.length] ?? "", codes[destination % codes.length] ?? ""] as const;
                const found = await oracle(database.pool, [...ends, dateFrom, dateTo]);
                const expected = found.map(({ prices: _, ...rate }) => rate);
                const spread = found.map(({ prices, ...rate }) => ({ ...rate, ...spreadOf(prices) }));
                const kind = ends[0] !== ends[1] ? "two places" : ends[0] in shape.ports ? "one port" : "one region";
                for (const { day, count } of expected) if (day === LEAP_DAY) met.add(`${kind}: ${count ?? 0}`);
                const places = spelling
                  ? `orig_code=${ends[0]}&dest_code=${ends[1]}`
                  : `origin=${ends[0]}&destination=${ends[1]}`;
                const query = `?date_from=${dateFrom}&date_to=${dateTo}&${places}`;
                const url = `${server.apiUrl}/rates${query}`;
                for (const from of ["the database", "memory"]) {
                  const { rates } = (await (await fetch(url)).json()) as { rates: Rate[] };
                  expect(rates, from).to.deep.equal(expected);
                }
                const csv = await (await fetch(url, { headers: { Accept: "text/csv" } })).text();
                expect(csv).to.equal(
                  [
                    "day,price,count",
                    ...expected.map((rate) => `${rate.day},${rate.price ?? ""},${rate.count ?? ""}`),
                    "",
                  ].join("\r\n"),
                );
                const asked = await fetch(`${server.apiUrl}/rates/spread${query}`);
                const { rates } = (await asked.json()) as { rates: Rate[] };
                expect(rates, "with its spread").to.deep.equal(spread);
                const spreadCsv = await (await fetch(`${server.apiUrl}/rates/spread.csv${query}`)).text();
                expect(spreadCsv).to.equal(
                  [
                    "day,price,count,low,median,high",
                    ...spread.map(({ day, price, count, low, median, high }) =>
                      [day, price, count, low, median, high].map((value) => value ?? "").join(","),
                    ),
                    "",
                  ].join("\r\n"),
                );
                for (const { low } of spread) if (low !== null) met.add(`${kind}: spread`);
              }
            } finally {
              await server.stop();
            }
          } finally {
            await database.drop();
          }
        },
      ),
      {
        numRuns: runs(15),
        endOnFailure: false,
        examples: [[FORCED_TREE, [[...FORCED_PRICES]], [...FORCED_PRICES], [...FORCED_QUESTIONS]]],
      },
    );
    for (const kind of ["two places", "one port", "one region"]) {
      expect([...met], "on the leap day").to.include.members([0, 1, 2, 3].map((count) => `${kind}: ${count}`));
      expect([...met]).to.include(`${kind}: spread`);
    }
  });
});

interface Rate {
  readonly day: string;
  readonly count: number | null;
  readonly price: number | null;
}

/** A rate, and the prices behind it in order. */
interface Found extends Rate {
  readonly prices: readonly number[];
}

async function oracle(pool: pg.Pool, question: readonly [string, string, string, string]): Promise<Found[]> {
  return (await pool.query<Found>(ORACLE, [...question])).rows;
}

/** The ports of any tree, however few. */
function name(price: RawPrice, ports: readonly string[]): Price {
  return {
    ...price,
    origin: ports[price.origin % ports.length] ?? "",
    destination: ports[price.destination % ports.length] ?? "",
  };
}
