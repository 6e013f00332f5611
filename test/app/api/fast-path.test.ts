import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { expect } from "chai";
import Koa from "koa";
import { pino } from "pino";
import { type RunningServer, startServer } from "../../../app/api/server.js";
import { readSettings } from "../../../app/settings.js";
import { deliver } from "../../kit/batches.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";
import { until } from "../../kit/until.js";

const MONTH = "/rates?date_from=2024-02-01&date_to=2024-02-29&orig_code=CNSGH&dest_code=NLRTM";
const YEAR = "/rates?date_from=2024-01-01&date_to=2024-12-31&orig_code=CNSGH&dest_code=NLRTM";
const PATHS = [MONTH, YEAR, "/regions", "/ports?limit=2"];
const PRICE = { origin: "CNSGH", destination: "NLRTM", day: "2024-02-29", price: 30 };

interface Answered {
  readonly status: number | undefined;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

describe("a request that comes again", () => {
  let database: TestDatabase;
  /** With answers in memory, and without, where every request goes through Koa's layers. */
  let server: RunningServer;
  let layers: RunningServer;
  const logged: Record<string, unknown>[] = [];
  const agent = new Agent({ keepAlive: true });
  const { createContext } = Koa.prototype;
  let contexts = 0;

  const start = (environment: Record<string, string>) => {
    const settings = readSettings({
      DATABASE_URL: database.url,
      HOST: "127.0.0.1",
      PORT: "0",
      ADMIN_PORT: "0",
      RATE_LIMIT_PER_SECOND: "1",
      RATE_LIMIT_BURST: "100000",
      MAX_EVENT_LOOP_LAG_MS: "60000",
      ...environment,
    });
    const logger = pino(
      { level: "debug", base: null },
      { write: (line: string) => void logged.push(JSON.parse(line)) },
    );
    return startServer({ settings, logger });
  };

  const ask = async (
    { apiUrl }: RunningServer,
    path: string,
    headers: Record<string, string> = {},
    method = "GET",
  ): Promise<Answered> => {
    const sent = request(apiUrl + path, { method, agent, headers }).end();
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    const given: Record<string, string> = {};
    for (let at = 0; at < answer.rawHeaders.length; at += 2) {
      given[answer.rawHeaders[at] as string] = answer.rawHeaders[at + 1] as string;
    }
    return { status: answer.statusCode, headers: given, body: await buffer(answer) };
  };

  /** Until the answer is in memory, and its request known. */
  const askAgain = async (path: string, headers: Record<string, string>): Promise<void> => {
    for (let times = 0; times < 3; times += 1) await ask(server, path, headers);
  };

  const countOf = async (pattern: RegExp): Promise<number> => {
    const metrics = await (await fetch(`${server.adminUrl}/metrics`)).text();
    return Number(pattern.exec(metrics)?.[1] ?? 0);
  };

  before(async () => {
    database = await createDatabase();
    await bringPlaces(database);
    await deliver(database, { prices: [PRICE, PRICE, PRICE] });
    server = await start({});
    layers = await start({ CACHE_BYTES: "0" });
    Koa.prototype.createContext = function count(this: Koa, ...given: Parameters<typeof createContext>) {
      contexts += 1;
      return createContext.apply(this, given);
    } as typeof createContext;
  });

  after(async () => {
    Koa.prototype.createContext = createContext;
    agent.destroy();
    await server?.stop();
    await layers?.stop();
    await database?.drop();
  });

  for (const path of PATHS) {
    it(`is answered as it was at first, whatever its client takes or has: ${path}`, async () => {
      const { ETag: etag = "" } = (await ask(server, path)).headers;
      for (const accept of path.startsWith("/rates") ? ["", "*/*", "text/csv"] : ["", "application/json"]) {
        for (const encoding of ["", "gzip", "gzip, deflate, br", "identity"]) {
          const words = { ...(accept && { Accept: accept }), ...(encoding && { "Accept-Encoding": encoding }) };
          await askAgain(path, words);
          for (const known of ["", etag, '"other"', "*"]) {
            const headers = { ...words, ...(known && { "If-None-Match": known }), "X-Request-Id": "mine" };
            for (const method of ["GET", "HEAD"]) {
              contexts = 0;
              const again = await ask(server, path, headers, method);
              expect(contexts, "went through the layers").to.equal(0);
              const first = await ask(layers, path, headers, method);
              expect(again.headers["Server-Timing"]).to.match(/^cache;desc="hit", total;dur=[\d.]+$/);
              expect(again.headers.RateLimit).to.match(/^"default";r=\d+;t=\d+$/);
              const what = `${method} ${JSON.stringify(headers)}`;
              expect(comparable(again), what).to.deep.equal(comparable(first));
            }
          }
        }
      }
    });
  }

  it("is counted, limited and logged as any other", async () => {
    await askAgain(MONTH, {});
    const before = {
      hits: await countOf(/ratesapp_cache_questions_total\{outcome="hit"\} (\d+)/),
      requests: await countOf(/_duration_seconds_count\{method="GET",route="\/rates",status="200"\} (\d+)/),
      buckets: await countOf(/_seconds_bucket\{le="\+Inf",method="GET",route="\/rates",status="200"\} (\d+)/),
      left: leftOf(await ask(server, MONTH)),
    };
    logged.length = 0;
    contexts = 0;
    const beganAtMs = performance.now();
    for (let times = 1; times <= 10; times += 1) {
      const answer = await ask(server, MONTH, { "X-Request-Id": `mine-${times}` });
      const back = Math.ceil((performance.now() - beganAtMs) / 1000);
      expect(leftOf(answer)).to.be.within(before.left - times, before.left - times + back);
    }
    expect(contexts).to.equal(0);
    await until("all are logged", () => logged.filter(({ msg }) => msg === "request").length === 10);
    expect(logged[9]).to.include({ request_id: "mine-10", url: MONTH, method: "GET", status: 200 });
    expect(await countOf(/_questions_total\{outcome="hit"\} (\d+)/)).to.equal(before.hits + 11);
    expect(await countOf(/_count\{method="GET",route="\/rates",status="200"\} (\d+)/)).to.equal(before.requests + 11);
    expect(await countOf(/le="\+Inf",method="GET",route="\/rates",status="200"\} (\d+)/)).to.equal(before.buckets + 11);
    expect(await countOf(/ratesapp_http_requests_in_flight (\d+)/)).to.equal(0);
  });

  it("is answered anew when something was published, and then from memory again", async () => {
    await askAgain(MONTH, {});
    const old = await ask(server, MONTH);
    await deliver(database, { prices: [{ ...PRICE, price: 60 }] });
    await until("it is answered anew", async () => !(await ask(server, MONTH)).body.equals(old.body));
    await askAgain(MONTH, {});
    contexts = 0;
    const again = await ask(server, MONTH, { "X-Request-Id": "mine" });
    expect(contexts).to.equal(0);
    expect(again.body.toString()).to.include('{"count":4,"day":"2024-02-29","price":37.5}');
    expect(comparable(again)).to.deep.equal(comparable(await ask(layers, MONTH, { "X-Request-Id": "mine" })));
  });
});

function leftOf({ headers }: Answered): number {
  return Number(/r=(\d+)/.exec(headers.RateLimit ?? "")?.[1]);
}

/** Without what differs from one request to the next. */
function comparable({ status, headers, body }: Answered) {
  const { Date: _date, "Server-Timing": _timing, RateLimit: _left, ...others } = headers;
  return { status, headers: others, body: body.toString("base64") };
}
