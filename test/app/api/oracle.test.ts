import { expect } from "chai";
import fc from "fast-check";
import type pg from "pg";
import { retractBatch } from "../../../app/ingest/retract.js";
import { createDatabase } from "../database.js";
import { startApi } from "./api-server.js";
import { importTree, loadPrices, publishPrices, type SamplePrice, type SampleTree } from "./sample.js";

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
    CASE WHEN count(p.price) >= 3 THEN sum(p.price)::float8 / count(p.price)::float8 END AS price
  FROM generate_series($3::date, $4::date, interval '1 day') AS wanted
  LEFT JOIN prices p ON p.day = wanted::date
    AND p.origin_id IN (SELECT id FROM origins)
    AND p.destination_id IN (SELECT id FROM destinations)
    AND p.batch_id IN (SELECT id FROM batches WHERE state = 'published')
  GROUP BY wanted
  ORDER BY wanted DESC`;

const DAYS = ["2023-12-31", "2024-01-01", "2024-02-28", "2024-02-29", "2024-03-01"];
const RANGE_ENDS = ["2023-12-30", ...DAYS, "2024-03-31", "2024-04-01"];

/** Each region lies in one before it or in none: chains down to depth 5, broad trees, forests. */
const tree: fc.Arbitrary<SampleTree> = fc
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
// Few ports and days, so that days with 0, 1, 2, 3 and more prices are all common.
const prices = fc.array(
  fc.record<RawPrice>({
    origin: fc.nat({ max: 2 }),
    destination: fc.nat({ max: 2 }),
    day: fc.constantFrom(...DAYS),
    price: fc.oneof(fc.integer({ min: 1, max: 9_999 }), fc.constant(2_147_483_647)),
  }),
  { minLength: 1, maxLength: 30 },
);

const questions = fc.array(
  fc.record({
    origin: fc.nat(),
    destination: fc.nat(),
    from: fc.constantFrom(...RANGE_ENDS),
    to: fc.constantFrom(...RANGE_ENDS),
    spelling: fc.boolean(),
  }),
  { minLength: 12, maxLength: 24 },
);

describe("answers", function () {
  this.timeout(180_000);

  it("are those of a plain query over the prices, whatever the tree, the prices and the question", async () => {
    let threes = 0;
    await fc.assert(
      fc.asyncProperty(
        tree,
        fc.array(prices, { minLength: 1, maxLength: 3 }),
        prices,
        questions,
        async (shape, published, hidden, asked) => {
          const database = await createDatabase();
          try {
            await importTree(database.pool, shape);
            const codes = [...Object.keys(shape.ports), ...Object.keys(shape.regions)];
            const named = (raw: readonly RawPrice[]) => raw.map((price) => name(price, Object.keys(shape.ports)));
            for (const [index, batch] of published.entries()) {
              await publishPrices(database.pool, named(batch), { feed: `feed ${index % 2}` });
            }
            // Never seen: a batch that is loaded only, and one that was published and retracted.
            await loadPrices(database.pool, named(hidden));
            await retractBatch(database.pool, await publishPrices(database.pool, named(hidden), { feed: "wrong" }));
            const server = await startApi({ DATABASE_URL: database.url });
            try {
              for (const { origin, destination, from, to, spelling } of asked) {
                const [dateFrom, dateTo] = [from, to].sort() as [string, string];
                const ends = [codes[origin % codes.length] ?? "", codes[destination % codes.length] ?? ""] as const;
                const expected = await oracle(database.pool, [...ends, dateFrom, dateTo]);
                threes += expected.filter(({ count }) => count === 3).length;
                const places = spelling
                  ? `orig_code=${ends[0]}&dest_code=${ends[1]}`
                  : `origin=${ends[0]}&destination=${ends[1]}`;
                const url = `${server.apiUrl}/rates?date_from=${dateFrom}&date_to=${dateTo}&${places}`;
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
              }
            } finally {
              await server.stop();
            }
          } finally {
            await database.drop();
          }
        },
      ),
      { numRuns: Number(process.env.RATESAPP_RUNS ?? 15), endOnFailure: false },
    );
    expect(threes, "days with exactly three prices").to.be.greaterThan(0);
  });
});

interface Rate {
  readonly day: string;
  readonly count: number | null;
  readonly price: number | null;
}

async function oracle(pool: pg.Pool, question: readonly [string, string, string, string]): Promise<Rate[]> {
  return (await pool.query<Rate>(ORACLE, [...question])).rows;
}

/** The same few ports of any tree: the first three, or fewer. */
function name(price: RawPrice, ports: readonly string[]): SamplePrice {
  return {
    ...price,
    origin: ports[price.origin % ports.length] ?? "",
    destination: ports[price.destination % ports.length] ?? "",
  };
}
