import { expect } from "chai";
import type { RunningServer } from "../../../app/api/server.js";
import { publishBatch } from "../../../app/batches/publish.js";
import { retractBatch } from "../../../app/batches/retract.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { RatesFinder } from "../../../app/rates/find-rates.js";
import { findSpread, MOST_ROWS } from "../../../app/rates/find-spread.js";
import type { Spread } from "../../../app/rates/histogram.js";
import { Histograms } from "../../../app/rates/roll-up/histograms.js";
import { createSums, type SpareSums } from "../../../app/rates/roll-up/spare-sums.js";
import { compact } from "../../../app/upkeep/compact.js";
import { foldAll } from "../../../app/upkeep/fold.js";
import { startApi } from "../../kit/api.js";
import { deliver, loadBatch, type Price } from "../../kit/batches.js";
import { useFreshDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";
import { spreadOf } from "../../kit/spread.js";
import { age } from "../ingest/deliveries.js";

const DAYS = ["2024-02-28", "2024-02-29", "2024-03-01"];
const RANGE = { dateFrom: DAYS[0] as string, dateTo: DAYS[2] as string };
const PORTS = { origin: "CNSGH", destination: "NLRTM" };
const REGIONS = { origin: "china", destination: "europe" };

describe("low, median and high", function () {
  this.timeout(60_000);
  const test = useFreshDatabase();
  const finder = new RatesFinder();

  beforeEach(() => bringPlaces(test.database));

  /** Of each day, oldest first. */
  async function ask(question: { origin: string; destination: string }, through = finder): Promise<(Spread | null)[]> {
    const client = await test.pool.connect();
    try {
      const { rates, histograms } = await findSpread(client, through, { ...question, ...RANGE });
      return rates.counts.map((count, day) => histograms?.spread(day, day + 1, count) ?? null);
    } finally {
      client.release();
    }
  }

  const wanted = (prices: readonly Price[]) =>
    DAYS.map((day) =>
      spreadOf(
        prices.filter((price) => price.day === day).map(({ price }) => price),
        1,
      ),
    );

  /** From a lane of ports of the two regions, and from another. */
  function somePrices(count: number): Price[] {
    return Array.from({ length: count }, (_, nth) => ({
      origin: nth % 3 === 0 ? "CNHKG" : "CNSGH",
      destination: "NLRTM",
      day: DAYS[nth % 7 === 0 ? 1 : (nth % 2) * 2] as string,
      price: 1 + ((nth * 7_919) % (nth % 11 === 0 ? 2_000_003 : 5_003)),
    }));
  }

  it("are right however many prices a day has, between ports and between regions", async () => {
    for (const count of [40, 9_000]) {
      const prices = somePrices(count);
      const id = await deliver(test.database, { prices });
      expect(await ask(REGIONS)).to.deep.equal(wanted(prices));
      expect(await ask(PORTS)).to.deep.equal(wanted(prices.filter(({ origin }) => origin === "CNSGH")));
      await retractBatch(test.database, id);
    }
  });

  it("are right if a part of an audit has more prices than its memory has room for", async () => {
    const prices = somePrices(40_000);
    const id = await loadBatch(test.database, { prices });
    const sums = { ...createSums(24 * 1024 * 1024), histograms: new Histograms(1) };
    await auditBatch(test.database, id, { sums: { use: (work) => work(sums) } as SpareSums });
    await publishBatch(test.database, id);
    const { rows } = await test.pool.query(
      "SELECT max(n)::integer AS n FROM (SELECT count(*) AS n FROM daily_rates GROUP BY origin_id, destination_id, first_day) lane",
    );
    expect(rows[0].n, "rows of a lane").to.be.above(1);
    expect(await ask(REGIONS)).to.deep.equal(wanted(prices));
  });

  it("are those of the same snapshot as the prices, also if a batch is retracted in between", async () => {
    const prices = somePrices(40);
    const id = await deliver(test.database, { prices });
    const retracting = {
      async find(...asked: Parameters<RatesFinder["find"]>) {
        const found = await finder.find(...asked);
        await retractBatch(test.database, id);
        return found;
      },
    } as RatesFinder;
    expect(await ask(REGIONS, retracting)).to.deep.equal(wanted(prices));
    expect(await ask(REGIONS)).to.deep.equal([null, null, null]);
  });

  it("leave out what a replace hides for ever, also after it is compacted once more", async () => {
    const all = somePrices(40);
    const ofDay = (day: number) =>
      all.filter((price) => price.day === DAYS[day]).map((price) => ({ ...price, price: 77 + day }));
    await deliver(test.database, { prices: all });
    await deliver(test.database, { prices: ofDay(1), mode: "replace" });
    await age(test.pool, 40);
    expect(await compact(test.database, { batchesPerMonth: 2 })).to.include({ folded: 1 });
    const rest = all.filter(({ day }) => day !== DAYS[1]);
    expect(await ask(REGIONS)).to.deep.equal(wanted([...rest, ...ofDay(1)]));
    await deliver(test.database, { prices: ofDay(0), mode: "replace" });
    await age(test.pool, 40);
    expect(await compact(test.database, { batchesPerMonth: 2 })).to.include({ folded: 1 });
    expect(await ask(REGIONS)).to.deep.equal(
      wanted([...ofDay(0), ...ofDay(1), ...all.filter(({ day }) => day === DAYS[2])]),
    );
  });

  it("are not told of days with prices that the release before has loaded or folded", async () => {
    const [old, ...others] = [0, 1, 2, 3].map((nth) =>
      somePrices(40)
        .slice(nth)
        .filter(({ day }) => nth > 0 || day === DAYS[0]),
    );
    const id = await deliver(test.database, { prices: old as Price[] });
    await test.pool.query("UPDATE daily_rates SET histograms = NULL WHERE batch_id = $1", [id]);
    for (const prices of others) await deliver(test.database, { prices });
    const [, ...later] = wanted(others.flat());
    expect(await ask(REGIONS)).to.deep.equal([null, ...later]);
    await foldAll(test.database);
    expect(await ask(REGIONS), "of the month of the fold").to.deep.equal([null, null, later[1]]);
  });

  describe("over HTTP", () => {
    let server: RunningServer;
    beforeEach(async () => {
      server = await startApi({ DATABASE_URL: test.url });
    });
    afterEach(() => server.stop());

    const mistakeOf = async (answer: Response) => ((await answer.json()) as { errors: object[] }).errors[0];
    const get = (path: string, headers = {}) => fetch(`${server.apiUrl}${path}`, { headers });
    const QUERY = `date_from=${DAYS[0]}&date_to=${DAYS[2]}&origin=china&destination=europe`;

    it("are null under ten prices, and the median under three, so that no single price shows", async () => {
      const of = (day: number, count: number) =>
        Array.from({ length: count }, (_, nth) => ({ ...PORTS, day: DAYS[day] as string, price: 10 + nth }));
      await deliver(test.database, { prices: [...of(0, 2), ...of(1, 9), ...of(2, 10)] });
      const answer = await get(`/rates/spread?${QUERY}`);
      expect(await answer.text()).to.equal(
        '{"rates":[{"count":10,"day":"2024-03-01","price":14.5,"low":10,"median":14,"high":18},' +
          '{"count":9,"day":"2024-02-29","price":14,"low":null,"median":14,"high":null},' +
          '{"count":2,"day":"2024-02-28","price":null,"low":null,"median":null,"high":null}]}',
      );
      const csv = await get(`/rates/spread?${QUERY}`, { Accept: "text/csv" });
      expect(await csv.text()).to.equal(
        "day,price,count,low,median,high\r\n2024-03-01,14.5,10,10,14,18\r\n2024-02-29,14,9,,14,\r\n2024-02-28,,2,,,\r\n",
      );
      const months = await get(`/rates/spread.csv?${QUERY}&interval=month`);
      expect(await months.text()).to.equal(
        "day,last_day,price,count,low,median,high\r\n2024-03-01,2024-03-01,14.5,10,10,14,18\r\n" +
          "2024-02-28,2024-02-29,13.363636363636363,11,10,13,17\r\n",
      );
      expect((await get(`/rates/spread?${QUERY}`, { "If-None-Match": answer.headers.get("etag") })).status).to.equal(
        304,
      );
    });

    it("are refused where too many pairs of ports would have to be read, and unknown places are named", async () => {
      await deliver(test.database, { prices: somePrices(40) });
      await test.pool.query(
        "INSERT INTO daily_rates SELECT r.* FROM (SELECT * FROM daily_rates WHERE histograms IS NOT NULL LIMIT 1) r, generate_series(1, $1)",
        [MOST_ROWS],
      );
      const refused = await get(`/rates/spread?${QUERY}`);
      expect(refused.status).to.equal(400);
      expect(await mistakeOf(refused)).to.include({ parameter: "date_from" });
      const unknown = await get(`/rates/spread.csv?${QUERY.replace("china", "atlantis")}`);
      expect(await mistakeOf(unknown)).to.include({ parameter: "origin" });
    });
  });
});
