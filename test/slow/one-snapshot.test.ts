import { expect } from "chai";
import { publishBatch } from "../../app/batches/publish.js";
import { retractBatch } from "../../app/batches/retract.js";
import { Database } from "../../app/database/database.js";
import { auditBatch } from "../../app/ingest/audit/audit.js";
import { startApi } from "../kit/api.js";
import { loadBatch } from "../kit/batches.js";
import { useFreshDatabase } from "../kit/database.js";
import { bringPlaces } from "../kit/places.js";
import { until } from "../kit/until.js";

const DAYS = 60;
const FIRST = Date.parse("2024-01-15");
const days = Array.from({ length: DAYS }, (_, index) =>
  new Date(FIRST + index * 86_400_000).toISOString().slice(0, 10),
);

interface Rates {
  readonly rates: readonly { readonly day: string; readonly price: number | null; readonly count: number | null }[];
}

describe("answers while batches are published and retracted", function () {
  this.timeout(60_000);
  const test = useFreshDatabase();

  beforeEach(async () => {
    await bringPlaces(test.database);
  });

  for (const cacheBytes of ["0", "33554432"]) {
    it(`never mix two dataset versions (cache of ${cacheBytes} bytes)`, async () => {
      const { pool, database } = test;
      // Each batch replaces all days by three prices that only it has.
      const batches: { id: number; price: number }[] = [];
      for (let price = 1000; price < 1008; price += 1) {
        const prices = days.flatMap((day) => Array(3).fill({ origin: "CNSGH", destination: "SEGOT", day, price }));
        const id = await loadBatch(database, { prices, mode: "replace" });
        await auditBatch(database, id);
        batches.push({ id, price });
      }
      const priceOfVersion = new Map<string, number>();
      const server = await startApi({ DATABASE_URL: test.url, CACHE_BYTES: cacheBytes });
      let done = false;
      let answers = 0;
      const seen = new Set<number>();
      const read = async (origin: string, destination: string, seed: number) => {
        for (let turn = seed; !done; turn += 1) {
          const from = turn % 20;
          const to = DAYS - 1 - (turn % 7);
          const url = `${server.apiUrl}/rates?date_from=${days[from]}&date_to=${days[to]}&origin=${origin}&destination=${destination}`;
          const answer = await fetch(url);
          const { rates } = (await answer.json()) as Rates;
          const prices = new Set(rates.map(({ price }) => price));
          expect(prices.size, `prices ${[...prices]}`).to.equal(1);
          const [price] = prices;
          if (price === null || price === undefined) continue;
          const version = answer.headers.get("dataset-version") ?? "";
          // Whichever answer of a version comes first says what all others of it must be.
          expect(price).to.equal(priceOfVersion.get(version) ?? price);
          priceOfVersion.set(version, price);
          seen.add(price);
          answers += 1;
        }
      };
      const readers = [
        read("CNSGH", "SEGOT", 0),
        read("china", "europe", 3),
        read("china_main", "SEGOT", 5),
        read("CNSGH", "north_europe", 5),
      ];
      // Enough that each reader asks before, during and after the change.
      const moreAnswers = (what: string) => {
        const before = answers;
        return until(`answers come ${what}`, () => answers >= before + 12, { timeoutMs: 20_000 });
      };
      try {
        for (const { id, price } of batches) {
          const { version } = await publishBatch(new Database(pool), id);
          priceOfVersion.set(String(version), price);
          await moreAnswers(`of version ${version}`);
        }
        for (const { id } of [...batches].reverse().slice(0, -1)) {
          await retractBatch(new Database(pool), id);
          await moreAnswers(`without batch ${id}`);
        }
      } finally {
        done = true;
        await Promise.all(readers).finally(() => server.stop());
      }
      expect(answers).to.be.greaterThan(100);
      expect(seen.size).to.be.greaterThan(3);
    });
  }
});
