import { request } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { expect } from "chai";
import type { RunningServer } from "../../../app/api/server.js";
import { retractBatch } from "../../../app/batches/retract.js";
import { startApi } from "../../kit/api.js";
import { deliver } from "../../kit/batches.js";
import { useDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";
import { until } from "../../kit/until.js";

const price = (origin: string, destination: string, day: string, usd: number) => ({
  origin,
  destination,
  day,
  price: usd,
});

describe("GET /rates", () => {
  const test = useDatabase();
  let server: RunningServer;
  let lastBatch: number;

  before(async () => {
    await bringPlaces(test.database);
    await deliver(test.database, {
      prices: [
        price("CNSGH", "NLRTM", "2024-02-28", 1000),
        price("CNSGH", "NLRTM", "2024-02-28", 1001),
        price("CNSGH", "SEGOT", "2024-02-28", 1001),
        price("CNHKG", "SEGOT", "2024-02-28", 2000),
        price("CNSGH", "NLRTM", "2024-02-29", 10),
        price("CNSGH", "NLRTM", "2024-02-29", 20),
        price("CNSGH", "NLRTM", "2024-03-02", 10),
        price("CNSGH", "NLRTM", "2024-03-02", 10),
        price("CNSGH", "NLRTM", "2024-03-02", 11),
      ],
    });
    lastBatch = await deliver(test.database, { prices: [price("CNSGH", "NLRTM", "2024-02-29", 60)], feed: "other" });
    server = await startApi({ DATABASE_URL: test.url });
  });

  after(() => server.stop());

  const get = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${server.apiUrl}/rates?${query}`, { headers });
  const FEBRUARY = "date_from=2024-02-28&date_to=2024-03-02";

  it("gives every day of the range, newest first, with null under 3 prices", async () => {
    const answer = await get(`${FEBRUARY}&orig_code=CNSGH&dest_code=NLRTM`);
    expect(answer.status).to.equal(200);
    expect(answer.headers.get("content-type")).to.equal("application/json; charset=utf-8");
    expect(await answer.text()).to.equal(
      '{"rates":[{"count":3,"day":"2024-03-02","price":10.333333333333334},{"count":null,"day":"2024-03-01","price":null},' +
        '{"count":3,"day":"2024-02-29","price":30},{"count":2,"day":"2024-02-28","price":null}]}',
    );
  });

  it("takes regions of any depth at both ends, under either spelling", async () => {
    const day = "date_from=2024-02-28&date_to=2024-02-28";
    for (const query of ["orig_code=china&dest_code=europe", "origin=china&destination=europe"]) {
      const { rates } = (await (await get(`${day}&${query}`)).json()) as { rates: unknown };
      expect(rates).to.deep.equal([{ count: 4, day: "2024-02-28", price: 1250.5 }]);
    }
    const { rates } = (await (await get(`${day}&origin=china_main&dest_code=scandinavia`)).json()) as {
      rates: unknown;
    };
    expect(rates).to.deep.equal([{ count: 1, day: "2024-02-28", price: null }]);
  });

  it("knows places without prices, and days without a partition", async () => {
    for (const query of ["origin=USNYC&destination=empty", "origin=CNSGH&destination=CNSGH"]) {
      const { rates } = (await (await get(`date_from=0001-01-01&date_to=0001-01-02&${query}`)).json()) as {
        rates: unknown;
      };
      expect(rates).to.deep.equal([
        { count: null, day: "0001-01-02", price: null },
        { count: null, day: "0001-01-01", price: null },
      ]);
    }
    const last = await get("date_from=9999-12-30&date_to=9999-12-31&origin=CNSGH&destination=NLRTM");
    expect(((await last.json()) as { rates: unknown[] }).rates).to.have.length(2);
  });

  it("gives CSV to who asks for it, by preference", async () => {
    const query = `${FEBRUARY}&orig_code=CNSGH&dest_code=NLRTM`;
    const csv = await get(query, { Accept: "text/csv" });
    expect(csv.headers.get("content-type")).to.equal("text/csv; charset=utf-8; header=present");
    expect(await csv.text()).to.equal(
      "day,price,count\r\n2024-03-02,10.333333333333334,3\r\n2024-03-01,,\r\n2024-02-29,30,3\r\n2024-02-28,,2\r\n",
    );
    const type = async (accept: string) => (await get(query, { Accept: accept })).headers.get("content-type");
    expect(await type("application/json;q=0.5, text/csv")).to.match(/^text\/csv/);
    expect(await type("text/csv;q=0.5, application/json")).to.match(/^application\/json/);
    expect(await type("text/html, */*;q=0.1")).to.match(/^application\/json/);
    expect(await type("text/*")).to.match(/^text\/csv/);
    expect(csv.headers.get("vary")).to.equal("Accept, Accept-Encoding");
  });

  it("says the same from memory as from the database, and says which it was", async () => {
    const query = "date_from=2024-01-01&date_to=2024-12-31&origin=china&destination=north_europe";
    const first = await get(query);
    const second = await get(`destination=north_europe&origin=china&date_to=2024-12-31&date_from=2024-01-01`);
    expect(first.headers.get("server-timing")).to.match(/^db;dur=[\d.]+, total;dur=[\d.]+$/);
    expect(second.headers.get("server-timing")).to.match(/^cache;desc="hit", total;dur=[\d.]+$/);
    expect(await second.text()).to.equal(await first.text());
    expect(second.headers.get("etag")).to.equal(first.headers.get("etag"));
    const uncached = await startApi({ DATABASE_URL: test.url, CACHE_BYTES: "0" });
    try {
      const third = await fetch(`${uncached.apiUrl}/rates?${query}`);
      const fourth = await fetch(`${uncached.apiUrl}/rates?${query}`);
      expect(await third.text()).to.equal(await (await get(query)).text());
      expect(fourth.headers.get("server-timing")).to.match(/^db;/);
    } finally {
      await uncached.stop();
    }
  });

  it("answers 304 to who has the answer, in that form", async () => {
    const query = `${FEBRUARY}&orig_code=CNSGH&dest_code=NLRTM`;
    const json = await get(query);
    const etag = json.headers.get("etag") ?? "";
    expect(etag).to.match(/^W\/"\d+-[0-9a-z]+"$/);
    expect(json.headers.get("dataset-version")).to.equal(/"(\d+)-/.exec(etag)?.[1]);
    const again = await get(query, { "If-None-Match": etag });
    expect(again.status).to.equal(304);
    expect(await again.text()).to.equal("");
    expect(again.headers.get("etag")).to.equal(etag);
    expect((await get(query, { "If-None-Match": etag, Accept: "text/csv" })).status).to.equal(200);
    expect((await get(query, { "If-None-Match": `"x", ${etag}` })).status).to.equal(304);
    expect((await get(`${FEBRUARY}&orig_code=NOWHERE&dest_code=NLRTM`, { "If-None-Match": etag })).status).to.equal(
      400,
    );
  });

  it("answers HEAD like GET, without the body", async () => {
    const url = `${server.apiUrl}/rates?${FEBRUARY}&orig_code=CNSGH&dest_code=NLRTM`;
    const head = await fetch(url, { method: "HEAD" });
    expect(head.status).to.equal(200);
    expect(await head.text()).to.equal("");
    expect(head.headers.get("content-length")).to.equal(String((await (await fetch(url)).text()).length));
  });

  it("compresses for who takes it", async () => {
    const path = "/rates?date_from=2024-01-01&date_to=2024-12-31&origin=china&destination=europe";
    const plain = await raw(`${server.apiUrl}${path}`, {});
    expect(plain.headers["content-encoding"]).to.equal(undefined);
    const brotli = await raw(`${server.apiUrl}${path}`, { "Accept-Encoding": "gzip, deflate, br" });
    expect(brotli.headers["content-encoding"]).to.equal("br");
    expect(brotliDecompressSync(brotli.body)).to.deep.equal(plain.body);
    const gzipped = await raw(`${server.apiUrl}${path}`, { "Accept-Encoding": "gzip, br;q=0" });
    expect(gzipped.headers["content-encoding"]).to.equal("gzip");
    expect(gunzipSync(gzipped.body)).to.deep.equal(plain.body);
    expect(gzipped.body.length).to.be.lessThan(plain.body.length / 3);
    const twice = await raw(`${server.apiUrl}${path}`, { "Accept-Encoding": "gzip" });
    expect(twice.body).to.deep.equal(gzipped.body);
  });

  it("carries the request's id, and makes one for a request without", async () => {
    const query = `${FEBRUARY}&orig_code=CNSGH&dest_code=NLRTM`;
    expect((await get(query, { "X-Request-Id": "abc-1" })).headers.get("x-request-id")).to.equal("abc-1");
    for (const headers of [{}, { "X-Request-Id": "no spaces allowed" }, { "X-Request-Id": "x".repeat(200) }] as const) {
      expect((await get(query, headers)).headers.get("x-request-id")).to.match(/^[0-9a-f-]{36}$/);
    }
  });

  it("may be read from any origin, and be cached for a moment", async () => {
    const { headers } = await get(`${FEBRUARY}&orig_code=CNSGH&dest_code=NLRTM`, { Origin: "https://example.org" });
    expect(headers.get("access-control-allow-origin")).to.equal("*");
    expect(headers.get("access-control-expose-headers")).to.include("Dataset-Version");
    expect(headers.get("cache-control")).to.equal("public, max-age=1, stale-if-error=60");
    expect(headers.get("x-content-type-options")).to.equal("nosniff");
    const preflight = await fetch(`${server.apiUrl}/rates`, { method: "OPTIONS" });
    expect(preflight.status).to.equal(204);
    expect(preflight.headers.get("allow")).to.equal("GET, HEAD, OPTIONS");
    expect(preflight.headers.get("access-control-allow-methods")).to.equal("GET, HEAD, OPTIONS");
  });

  it("shows a publish and a retract within two seconds, from memory too", async () => {
    const query = "date_from=2024-02-29&date_to=2024-02-29&origin=CNSGH&destination=NLRTM";
    const count = async () => ((await (await get(query)).json()) as { rates: { count: number }[] }).rates[0]?.count;
    expect(await count()).to.equal(3);
    expect(await count()).to.equal(3);
    await retractBatch(test.database, lastBatch);
    const beganAtMs = Date.now();
    await until("the retract is seen", async () => (await count()) === 2);
    expect(Date.now() - beganAtMs).to.be.lessThan(2_000);
    await deliver(test.database, { prices: [1, 1].map((dollars) => price("CNSGH", "NLRTM", "2024-02-29", dollars)) });
    const publishedAtMs = Date.now();
    await until("the publish is seen", async () => (await count()) === 4);
    expect(Date.now() - publishedAtMs).to.be.lessThan(2_000);
  });
});

/** Without the decompression of fetch. */
function raw(
  url: string,
  headers: Record<string, string>,
): Promise<{ headers: NodeJS.Dict<string | string[]>; body: Buffer }> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
    })
      .on("error", reject)
      .end();
  });
}
