import { expect } from "chai";
import { retractBatch } from "../../../app/batches/retract.js";
import { useApi } from "../../kit/api.js";
import { deliver } from "../../kit/batches.js";
import { SAMPLE_PLACES } from "../../kit/places.js";
import { until } from "../../kit/until.js";

const price = (origin: string, destination: string, day: string, usd: number) => ({
  origin,
  destination,
  day,
  price: usd,
});

interface Rates {
  readonly rates: readonly { readonly day: string; readonly count: number | null; readonly price: number | null }[];
}

describe("GET /rates/lanes", () => {
  const api = useApi(SAMPLE_PLACES);
  const LANES = "CNSGH:NLRTM,china:europe,USNYC:empty";
  const DAYS = "date_from=2024-02-28&date_to=2024-03-02";

  before(async () => {
    await deliver(api.database, {
      prices: [
        ...[1000, 1001, 1003].map((usd) => price("CNSGH", "NLRTM", "2024-02-28", usd)),
        price("CNHKG", "SEGOT", "2024-02-28", 2000),
        ...[10, 20].map((usd) => price("CNSGH", "NLRTM", "2024-02-29", usd)),
        ...[10, 10, 11].map((usd) => price("CNSGH", "NLRTM", "2024-03-02", usd)),
      ],
    });
  });

  const get = (path: string, headers: Record<string, string> = {}) => fetch(api.server.apiUrl + path, { headers });
  const read = async <T>(path: string) => (await (await get(path)).json()) as T;

  it("gives for each lane what /rates gives for it alone, in the order of the question", async () => {
    for (const range of [DAYS, `${DAYS}&interval=week`, "date_from=2023-06-01&date_to=2024-05-31&interval=month"]) {
      const { lanes } = await read<{ lanes: object[] }>(`/rates/lanes?lanes=${LANES}&${range}`);
      const alone = await Promise.all(
        LANES.split(",").map(async (lane) => {
          const [origin, destination] = lane.split(":") as [string, string];
          const rates = await read<object>(`/rates?origin=${origin}&destination=${destination}&${range}`);
          return { origin, destination, ...rates };
        }),
      );
      expect(lanes).to.deep.equal(alone);
    }
  });

  it("gives a spreadsheet a line for each day and a column for each lane", async () => {
    const path = `/rates/lanes?lanes=${LANES}&${DAYS}`;
    const csv = await get(path.replace("/lanes", "/lanes.csv"));
    expect(csv.headers.get("content-type")).to.equal("text/csv; charset=utf-8; header=present");
    const text = await csv.text();
    expect(text).to.equal(
      "day,CNSGH:NLRTM,china:europe,USNYC:empty\r\n" +
        "2024-03-02,10.333333333333334,10.333333333333334,\r\n2024-03-01,,,\r\n2024-02-29,,,\r\n" +
        "2024-02-28,1001.3333333333334,1251,\r\n",
    );
    expect(await (await get(path, { Accept: "text/csv" })).text()).to.equal(text);
    expect(await (await get(`/rates/lanes.csv?lanes=CNSGH:NLRTM&${DAYS}&interval=month`)).text()).to.equal(
      "day,last_day,CNSGH:NLRTM\r\n2024-03-01,2024-03-02,10.333333333333334\r\n2024-02-28,2024-02-29,606.8\r\n",
    );
  });

  it("is answered from memory when it comes again, and 304 to a client that has it", async () => {
    const path = `/rates/lanes?lanes=${LANES}&${DAYS}`;
    const first = await get(path);
    // A server that has not heard the version for two seconds asks the database.
    const again = await until("it is answered from memory", async () => {
      const answer = await get(path);
      return /^cache;desc="hit"/.test(answer.headers.get("server-timing") ?? "") ? answer : undefined;
    });
    expect(again.headers.get("vary")).to.equal("Accept, Accept-Encoding");
    expect(await again.text()).to.equal(await first.text());
    const etag = first.headers.get("etag") ?? "";
    expect((await get(path, { "If-None-Match": etag })).status).to.equal(304);
    expect((await get(path.replace("/lanes", "/lanes.csv"), { "If-None-Match": etag })).status).to.equal(200);
  });

  it("keeps its tag while other months change, and gives a new one when one of its own does", async () => {
    const path = `/rates/lanes?lanes=${LANES}&${DAYS}`;
    const etag = async () => (await get(path)).headers.get("etag");
    const before = await etag();
    const inOther = await deliver(api.database, { prices: [price("CNSGH", "NLRTM", "2025-01-01", 5)] });
    const elsewhere = `/rates/lanes?lanes=${LANES}&date_from=2025-01-01&date_to=2025-01-01`;
    await until("the other month is seen", async () => (await (await get(elsewhere)).text()).includes('"count":1'));
    expect(await etag()).to.equal(before);
    const inOwn = await deliver(api.database, { prices: [price("CNSGH", "NLRTM", "2024-03-01", 5)] });
    await until("a publish of its month is seen", async () => (await etag()) !== before);
    await retractBatch(api.database, inOther);
    await retractBatch(api.database, inOwn);
  });

  const mistakes = async (query: string) => {
    const answer = await get(`/rates/lanes?${query}`);
    const { errors = [] } = (await answer.json()) as { errors?: { parameter: string; type: string; detail: string }[] };
    return errors.map(
      ({ parameter, type, detail }) => `${answer.status} ${parameter} ${type.split("#")[1]}: ${detail}`,
    );
  };

  it("names each bad lane in one problem", async () => {
    expect(await mistakes(`lanes=CNSGH,CNSGH:NLRTM,a:b:c,,CNSGH:NLRTM&${DAYS}`)).to.deep.equal([
      '400 lanes invalid-parameter: lanes has "CNSGH", which is not ORIGIN:DESTINATION.',
      '400 lanes invalid-parameter: lanes has "a:b:c", which is not ORIGIN:DESTINATION.',
      '400 lanes invalid-parameter: lanes has "", which is not ORIGIN:DESTINATION.',
      "400 lanes invalid-parameter: lanes has CNSGH:NLRTM more than once.",
    ]);
    expect(await mistakes(`lanes=XXXXX:atlantis,CNSGH:NLRTM,china:NLRTN&${DAYS}`)).to.deep.equal([
      '400 lanes unknown-place: In XXXXX:atlantis, no port or region is "XXXXX". In XXXXX:atlantis, no port or region is "atlantis".',
      '400 lanes unknown-place: In china:NLRTN, no port or region is "NLRTN". Did you mean NLRTM (Name of NLRTM)?',
    ]);
    const ten = Array.from({ length: 10 }, (_, index) => `X${index}:Y${index}`);
    expect(await mistakes(`lanes=${ten}&${DAYS}`)).to.have.length(10);
  });

  it("refuses more than ten lanes, and says how many there may be", async () => {
    const lanes = Array.from({ length: 11 }, (_, index) => `CNSGH:X${index}`);
    expect(await mistakes(`lanes=${lanes}&${DAYS}`)).to.deep.equal([
      "400 lanes too-many-lanes: lanes has 11 lanes; at most 10 can be asked for.",
    ]);
  });

  it("lists all other mistakes too", async () => {
    expect(await mistakes("date_from=x&interval=year&origin=CNSGH")).to.deep.equal([
      "400 lanes missing-parameter: lanes is missing.",
      "400 date_from invalid-date: date_from must be a day that exists, written YYYY-MM-DD.",
      "400 date_to missing-parameter: date_to is missing.",
      "400 interval invalid-parameter: interval must be day, week or month.",
      "400 origin unknown-parameter: There is no parameter origin here.",
    ]);
  });
});

describe("weeks and months of /rates", () => {
  const api = useApi(SAMPLE_PLACES);

  before(async () => {
    await deliver(api.database, {
      prices: [
        // Sunday, and the Monday to Sunday after it.
        ...[1, 2, 4].map((usd) => price("CNSGH", "NLRTM", "2024-03-31", usd)),
        price("CNSGH", "NLRTM", "2024-04-01", 100),
        price("CNSGH", "NLRTM", "2024-04-03", 200),
        price("CNSGH", "NLRTM", "2024-04-07", 400),
        ...[7, 9].map((usd) => price("CNSGH", "NLRTM", "2024-04-08", usd)),
      ],
    });
  });

  const rates = async (query: string) =>
    ((await (await fetch(`${api.server.apiUrl}/rates?origin=CNSGH&destination=NLRTM&${query}`)).json()) as Rates).rates;

  it("are the mean over all prices of their days, and null under 3 prices of all days together", async () => {
    expect(await rates("date_from=2024-03-25&date_to=2024-04-14&interval=week")).to.deep.equal([
      { count: 2, day: "2024-04-08", last_day: "2024-04-14", price: null },
      { count: 3, day: "2024-04-01", last_day: "2024-04-07", price: 700 / 3 },
      { count: 3, day: "2024-03-25", last_day: "2024-03-31", price: 7 / 3 },
    ]);
    expect(await rates("date_from=2024-02-01&date_to=2024-04-30&interval=month")).to.deep.equal([
      { count: 5, day: "2024-04-01", last_day: "2024-04-30", price: 716 / 5 },
      { count: 3, day: "2024-03-01", last_day: "2024-03-31", price: 7 / 3 },
      { count: null, day: "2024-02-01", last_day: "2024-02-29", price: null },
    ]);
  });

  it("have only the asked days at the ends of the range, and say which", async () => {
    expect(await rates("date_from=2024-04-02&date_to=2024-04-08&interval=week")).to.deep.equal([
      { count: 2, day: "2024-04-08", last_day: "2024-04-08", price: null },
      { count: 2, day: "2024-04-02", last_day: "2024-04-07", price: null },
    ]);
  });

  it("are days if none is asked for, as before", async () => {
    const query = "date_from=2024-03-31&date_to=2024-04-01";
    expect(await rates(`${query}&interval=day`)).to.deep.equal(await rates(query));
    expect(await rates(query)).to.deep.equal([
      { count: 1, day: "2024-04-01", price: null },
      { count: 3, day: "2024-03-31", price: 7 / 3 },
    ]);
  });

  it("have the last day in CSV too", async () => {
    const query = "origin=CNSGH&destination=NLRTM&date_from=2024-04-01&date_to=2024-04-08&interval=week";
    expect(await (await fetch(`${api.server.apiUrl}/rates.csv?${query}`)).text()).to.equal(
      "day,last_day,price,count\r\n2024-04-08,2024-04-08,,2\r\n2024-04-01,2024-04-07,233.33333333333334,3\r\n",
    );
  });
});
