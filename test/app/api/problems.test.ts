import { expect } from "chai";
import { problems } from "../../../app/api/http/problems.js";
import { startApi, useApi } from "../../kit/api.js";
import { createDatabase } from "../../kit/database.js";
import { exchange } from "../../kit/exchange.js";
import { SAMPLE_PLACES } from "../../kit/places.js";
import { until } from "../../kit/until.js";

interface Case {
  readonly it: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly detail: string;
  /** `parameter problem detail` of each error, if the document names parameters; the first gives its type. */
  readonly errors?: readonly (readonly [parameter: string, problem: string, detail: string])[];
  /** For documents that name no parameter. */
  readonly type?: string;
  readonly answerHeaders?: Record<string, string>;
}

const PLACES = "orig_code=CNSGH&dest_code=NLRTM";
const DAYS = "date_from=2021-01-01&date_to=2021-01-31";
const one = (parameter: string, problem: string, detail: string) => ({
  status: 400,
  detail,
  errors: [[parameter, problem, detail] as const],
});
const NO_DAY = "must be a day that exists, written YYYY-MM-DD.";

const CASES: readonly Case[] = [
  {
    it: "an unknown origin",
    path: `/rates?${DAYS}&orig_code=XXXXX&dest_code=NLRTM`,
    ...one("orig_code", "unknown-place", 'orig_code names no port or region: "XXXXX".'),
  },
  {
    it: "an unknown destination, by the spelling it came in",
    path: `/rates?${DAYS}&orig_code=CNSGH&destination=atlantis`,
    ...one("destination", "unknown-place", 'destination names no port or region: "atlantis".'),
  },
  {
    it: "two unknown places",
    path: `/rates?${DAYS}&origin=cnsgh&dest_code=%22%3Cb%3E`,
    status: 400,
    detail:
      'origin names no port or region: "cnsgh". Did you mean CNSGH (Name of CNSGH)? ' +
      'dest_code names no port or region: "\\"<b>".',
    errors: [
      ["origin", "unknown-place", 'origin names no port or region: "cnsgh". Did you mean CNSGH (Name of CNSGH)?'],
      ["dest_code", "unknown-place", 'dest_code names no port or region: "\\"<b>".'],
    ],
  },
  ...["2021-02-29", "2021-1-1", "20210101", "2021-01-01T00:00:00Z", "01/02/2021", "2021-13-01", "tomorrow", ""].map(
    (day): Case => ({
      it: `the day "${day}"`,
      path: `/rates?date_from=${day}&date_to=2021-01-31&${PLACES}`,
      ...one("date_from", "invalid-date", `date_from ${NO_DAY}`),
    }),
  ),
  {
    it: "the year 0",
    path: `/rates?date_from=0000-12-31&date_to=0001-01-01&${PLACES}`,
    ...one("date_from", "invalid-date", "date_from must be in year 0001 or later."),
  },
  {
    it: "two bad days",
    path: `/rates?date_from=x&date_to=y&${PLACES}`,
    status: 400,
    detail: `date_from ${NO_DAY} date_to ${NO_DAY}`,
    errors: [
      ["date_from", "invalid-date", `date_from ${NO_DAY}`],
      ["date_to", "invalid-date", `date_to ${NO_DAY}`],
    ],
  },
  {
    it: "reversed days",
    path: `/rates?date_from=2021-01-02&date_to=2021-01-01&${PLACES}`,
    ...one("date_from", "reversed-dates", "date_from (2021-01-02) is after date_to (2021-01-01)."),
  },
  {
    it: "a range of 367 days",
    path: `/rates?date_from=2021-01-01&date_to=2022-01-02&${PLACES}`,
    ...one(
      "date_to",
      "range-too-long",
      "The range from date_from to date_to has 367 days; at most 366 can be asked for.",
    ),
  },
  {
    it: "everything missing",
    path: "/rates",
    status: 400,
    detail:
      "date_from is missing. date_to is missing. orig_code (or origin) is missing. dest_code (or destination) is missing.",
    errors: [
      ["date_from", "missing-parameter", "date_from is missing."],
      ["date_to", "missing-parameter", "date_to is missing."],
      ["orig_code", "missing-parameter", "orig_code (or origin) is missing."],
      ["dest_code", "missing-parameter", "dest_code (or destination) is missing."],
    ],
  },
  {
    it: "an unknown parameter",
    path: `/rates?${DAYS}&${PLACES}&currency=EUR`,
    ...one("currency", "unknown-parameter", "There is no parameter currency here."),
  },
  {
    it: "a repeated parameter",
    path: `/rates?${DAYS}&${PLACES}&dest_code=SEGOT`,
    ...one("dest_code", "repeated-parameter", "dest_code is given 2 times."),
  },
  {
    it: "both spellings",
    path: `/rates?${DAYS}&${PLACES}&origin=CNSGH`,
    status: 400,
    detail: "orig_code and origin are two spellings of one parameter; give one of them.",
    errors: [
      [
        "orig_code",
        "conflicting-parameters",
        "orig_code and origin are two spellings of one parameter; give one of them.",
      ],
      [
        "origin",
        "conflicting-parameters",
        "orig_code and origin are two spellings of one parameter; give one of them.",
      ],
    ],
  },
  {
    it: "several kinds of mistakes",
    path: `/rates?date_from=2021-02-30&orig_code=CNSGH&orig_code=CNHKG&dest_code=NLRTM&x=1`,
    status: 400,
    detail: `date_from ${NO_DAY} date_to is missing. orig_code is given 2 times. There is no parameter x here.`,
    errors: [
      ["date_from", "invalid-date", `date_from ${NO_DAY}`],
      ["date_to", "missing-parameter", "date_to is missing."],
      ["orig_code", "repeated-parameter", "orig_code is given 2 times."],
      ["x", "unknown-parameter", "There is no parameter x here."],
    ],
  },
  {
    it: "an empty place",
    path: `/rates?${DAYS}&orig_code=&dest_code=NLRTM`,
    ...one("orig_code", "invalid-parameter", "orig_code must not be empty."),
  },
  {
    it: "a place with a NUL",
    path: `/rates?${DAYS}&orig_code=CN%00GH&dest_code=NLRTM`,
    ...one("orig_code", "invalid-parameter", "orig_code must not hold a NUL."),
  },
  {
    it: "a place of 201 characters",
    path: `/rates?${DAYS}&orig_code=${"A".repeat(201)}&dest_code=NLRTM`,
    ...one("orig_code", "invalid-parameter", "orig_code must have at most 200 characters."),
  },
  ...["0", "-1", "1001", "ten", "1e2", ""].map(
    (limit): Case => ({
      it: `the limit "${limit}"`,
      path: `/ports?limit=${limit}`,
      ...one("limit", "invalid-parameter", "limit must be a whole number from 1 to 1000."),
    }),
  ),
  ...["x", "", "Q05TR0g=", "'; DROP TABLE places; --"].map(
    (cursor): Case => ({
      it: `the cursor "${cursor}"`,
      path: `/ports?cursor=${encodeURIComponent(cursor)}`,
      ...one("cursor", "invalid-parameter", "cursor must be the next_cursor of an answer."),
    }),
  ),
  {
    it: "a search for nothing",
    path: "/ports?search=-",
    ...one("search", "invalid-parameter", "search must have a letter or a digit."),
  },
  {
    it: "a port that there is not",
    path: "/ports/XXXXX",
    status: 404,
    type: "unknown-port",
    detail: 'No port has the code "XXXXX".',
  },
  {
    it: "an interval that there is not",
    path: `/rates?${DAYS}&${PLACES}&interval=quarter`,
    ...one("interval", "invalid-parameter", "interval must be day, week or month."),
  },
  {
    it: "a parameter where there are none",
    path: "/regions?depth=2",
    ...one("depth", "unknown-parameter", "There is no parameter depth here."),
  },
  { it: "an unknown path", path: "/rate", status: 404, type: "not-found", detail: "Nothing is at /rate." },
  {
    it: "an unknown path, whatever the method",
    path: "/nothing/here",
    method: "DELETE",
    status: 404,
    type: "not-found",
    detail: "Nothing is at /nothing/here.",
  },
  {
    it: "an asset that is not there",
    path: "/assets/..%2findex.html",
    status: 404,
    type: "not-found",
    detail: "Nothing is at /assets/..%2findex.html.",
  },
  ...["/rates", "/ports", "/regions", "/openapi.json", "/docs", "/docs/errors", "/"].map(
    (path): Case => ({
      it: `POST ${path}`,
      path,
      method: "POST",
      status: 405,
      type: "method-not-allowed",
      detail: `${path} has GET, HEAD, OPTIONS.`,
      answerHeaders: { allow: "GET, HEAD, OPTIONS" },
    }),
  ),
  {
    it: "a form that rates do not have",
    path: `/rates?${DAYS}&${PLACES}`,
    headers: { Accept: "application/xml, text/csv;q=0" },
    status: 406,
    type: "not-acceptable",
    detail: "This path has application/json and text/csv.",
  },
  ...["/ports", "/regions"].map(
    (path): Case => ({
      it: `CSV of ${path}`,
      path,
      headers: { Accept: "text/csv" },
      status: 406,
      type: "not-acceptable",
      detail: "This path has application/json.",
    }),
  ),
];

describe("problem documents", () => {
  const api = useApi(SAMPLE_PLACES);

  for (const expected of CASES) {
    it(`tell of ${expected.it}`, async () => {
      const answer = await fetch(api.server.apiUrl + expected.path, {
        method: expected.method ?? "GET",
        headers: expected.headers ?? {},
      });
      const name = (expected.type ?? expected.errors?.[0]?.[1]) as keyof typeof problems;
      expect(await answer.json()).to.deep.equal({
        type: `/docs/errors#${name}`,
        title: problems[name].title,
        status: expected.status,
        detail: expected.detail,
        ...(expected.errors
          ? {
              errors: expected.errors.map(([parameter, problem, detail]) => ({
                parameter,
                type: `/docs/errors#${problem}`,
                detail,
              })),
            }
          : {}),
      });
      expect(answer.status).to.equal(expected.status);
      expect(answer.headers.get("content-type")).to.equal("application/problem+json");
      expect(answer.headers.get("cache-control")).to.equal("no-store");
      expect(answer.headers.get("etag")).to.equal(null);
      expect(answer.headers.get("x-request-id")).to.match(/./);
      expect(answer.headers.get("access-control-allow-origin")).to.equal("*");
      for (const [header, value] of Object.entries(expected.answerHeaders ?? {})) {
        expect(answer.headers.get(header)).to.equal(value);
      }
    });
  }

  for (const [what, sent, status, name] of [
    ["what is not HTTP", "hello\r\n\r\n", 400, "malformed-request"],
    ["a bad header", "GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400, "malformed-request"],
    ["a request without a host", "GET / HTTP/1.1\r\n\r\n", 400, "malformed-request"],
    ["headers over 16 KiB", `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431, "headers-too-large"],
  ] as const) {
    it(`tell of ${what}, and close the connection`, async () => {
      const answer = await exchange(api.server.apiUrl, sent);
      expect(answer.status).to.equal(status);
      expect(answer.headers.get("content-type")).to.equal("application/problem+json");
      expect(answer.headers.get("connection")).to.equal("close");
      expect(answer.headers.get("x-request-id")).to.match(/./);
      const type = `/docs/errors#${name}`;
      expect(await answer.json()).to.include({ status, type, title: problems[name].title });
    });
  }

  it("come behind the answers to the requests before them", async () => {
    const request = "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n";
    const answers = await (await exchange(api.server.apiUrl, `${request}${request}hello\r\n\r\n`)).text();
    expect(answers.match(/#[\w-]+/g)).to.deep.equal(["#not-found", "#not-found", "#malformed-request"]);
  });

  it("are not sent for an expectation that the server does not know", async () => {
    const sent = "GET /nowhere HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nConnection: close\r\n\r\n";
    const answer = await exchange(api.server.apiUrl, sent);
    expect(answer.status).to.equal(404);
    expect(answer.headers.get("content-type")).to.equal("application/problem+json");
  });

  it("tell of a statement that takes too long", async () => {
    const slow = await startApi({
      DATABASE_URL: api.url,
      STATEMENT_TIMEOUT_MS: "100",
      REQUEST_TIMEOUT_MS: "3000",
    });
    const client = await api.pool.connect();
    try {
      await client.query("BEGIN; LOCK TABLE daily_rates");
      const answer = await fetch(`${slow.apiUrl}/rates?${DAYS}&${PLACES}`);
      expect(answer.status).to.equal(504);
      expect(answer.headers.get("retry-after")).to.equal("1");
      expect(await answer.json()).to.include({ type: "/docs/errors#timeout", title: "Timeout" });
    } finally {
      await client.query("ROLLBACK");
      client.release();
      await slow.stop();
    }
  });

  for (const [what, damage, status, problem, detail, reason] of [
    [
      "nothing of the inside when the service itself is at fault",
      "DELETE FROM dataset",
      500,
      "internal",
      "The service could not answer this request.",
      "the table `dataset` has lost its row",
    ],
    [
      "of a database that has not been migrated",
      "DROP TABLE dataset",
      503,
      "database-away",
      "The database is not at the schema of this release yet.",
      'relation "dataset" does not exist',
    ],
  ] as const) {
    it(`tell ${what}`, async () => {
      const broken = await createDatabase();
      await broken.pool.query(damage);
      const failing = await startApi({ DATABASE_URL: broken.url });
      try {
        const answer = await fetch(`${failing.apiUrl}/rates?${DAYS}&${PLACES}`);
        expect(answer.status).to.equal(status);
        expect(await answer.json()).to.deep.equal({
          type: `/docs/errors#${problem}`,
          title: problems[problem].title,
          status,
          detail,
        });
        const ready = await fetch(`${failing.adminUrl}/readyz`);
        expect(ready.status).to.equal(503);
        expect(await ready.json()).to.deep.equal({ status: "not ready", reasons: { database: reason } });
      } finally {
        await failing.stop();
        await broken.drop();
      }
    });
  }

  it("are all explained on the page that their types point to", async () => {
    const page = await (await fetch(`${api.server.apiUrl}/docs/errors`)).text();
    for (const name of Object.keys(problems)) expect(page).to.include(`id="${name}"`);
  });

  it("come with the request's method and status in the metrics", async () => {
    await fetch(`${api.server.apiUrl}/rates`);
    await until("it is counted", async () => {
      const metrics = await (await fetch(`${api.server.adminUrl}/metrics`)).text();
      return /duration_seconds_count\{method="GET",route="\/rates",status="400"\} \d+/.test(metrics);
    });
  });
});
