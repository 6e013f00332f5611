import { expect } from "chai";
import { demoPlacesFiles } from "../../../app/demo/load-demo.js";
import { importPlaces } from "../../../app/places/import-places.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { AUTHORIZED } from "../../kit/write-token.js";
import { Described } from "./described.js";
import { startUploadServer, type UploadServer } from "./upload-server.js";

const SIZES = ["0", "1", "50", "200", "201", "1000", "1001", "-1", "1.5", "x", ""];
const IDS = ["0", "1", "2147483647", "2147483648", "x"];

/** Texts for a parameter, some of which it takes. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  "GET /ports limit": SIZES,
  "GET /ports cursor": [""],
  "GET /ports search": ["a", "x".repeat(200), "x".repeat(201)],
  "GET /ports/{code} code": ["CNSGH", "x".repeat(201)],
  "GET /rates interval": ["day", "week", "month", "year", ""],
  "GET /batches limit": SIZES,
  "GET /batches cursor": [""],
  "GET /batches feed": ["", "a", " a", "x".repeat(200), "x".repeat(201)],
  "GET /batches state": ["", "published", "lost"],
  "GET /rates date_from": ["2020-02-29", "2021-02-29", "21-1-1", ""],
  "GET /rates orig_code": ["CNSGH", "", "x".repeat(201)],
  "GET /batches/{id} id": IDS,
  "POST /batches/{id}/retract id": IDS,
  "PUT /batches/{id}/pieces/{number} number": ["0", "1", "100000", "100001", "-1", "x"],
  "POST /batches Idempotency-Key": ["a", '"a"', '""', "a b", "x".repeat(200), "x".repeat(201), `"${"x".repeat(200)}"`],
  "POST /batches max_bad_rows": ["0", "1000000000", "1000000001", "-1"],
};

/** Parameters that a request has beside the one that is tried. */
const OTHERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "GET /rates": { date_from: "2020-02-29", date_to: "2020-03-01", orig_code: "CNSGH", dest_code: "NLRTM" },
  "PUT /batches/{id}/pieces/{number}": { id: "1" },
  "POST /batches": { feed: "a", "Idempotency-Key": "others" },
};

describe("the OpenAPI document and the server", () => {
  let database: TestDatabase;
  let uploads: UploadServer;
  let described: Described;

  before(async () => {
    database = await createDatabase();
    await importPlaces(database, demoPlacesFiles());
    uploads = await startUploadServer({ DATABASE_URL: database.url });
    described = await Described.read(uploads.server.apiUrl);
  });

  after(async () => {
    await uploads?.stop();
    await database?.drop();
  });

  /** Sends a request to an operation with these parameters, each where the document has it. */
  async function send(operation: string, values: Readonly<Record<string, string>>): Promise<Response> {
    const [method = "", template = ""] = operation.split(" ");
    const headers: Record<string, string> = { ...AUTHORIZED, "Content-Type": "text/csv" };
    const query = new URLSearchParams();
    let path = template;
    for (const [name, value] of Object.entries(values)) {
      const place = described.parameter(operation, name).in;
      if (place === "path") path = path.replace(`{${name}}`, value);
      else if (place === "header") headers[name] = value;
      else query.set(name, value);
    }
    const body = method === "GET" ? {} : { body: "orig_code,dest_code,day,price\nCNSGH,NLRTM,2020-02-29,1\n" };
    return fetch(`${uploads.server.apiUrl}${path}?${query}`, { method, headers, ...body });
  }

  for (const [parameter, texts] of Object.entries(TEXTS)) {
    it(`refuse the same: ${parameter}`, async () => {
      const [, operation = "", name = ""] = /^(.*) (\S+)$/.exec(parameter) ?? [];
      const { schema } = described.parameter(operation, name);
      const validate = described.compile(schema);
      const isNumber = (schema as { readonly type: string }).type === "integer";
      for (const text of texts) {
        const value = isNumber && text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text;
        const answer = await send(operation, { ...OTHERS[operation], [name]: text });
        const { errors = [] } = answer.ok ? {} : ((await answer.json()) as { errors?: { parameter: string }[] });
        const refused = errors.some((mistake) => mistake.parameter === name);
        expect(!refused, `${JSON.stringify(text)}: ${answer.status}`).to.equal(validate(value));
      }
    });
  }

  it("fit together with every example filled in, as the form of /docs is, on the places of the demo", async () => {
    for (const operation of [
      "GET /rates",
      "GET /rates.csv",
      "GET /rates/lanes",
      "GET /rates/lanes.csv",
      "GET /ports",
      "GET /ports/{code}",
      "GET /regions",
      "GET /batches",
    ]) {
      const filled = described.examples(operation);
      expect((await send(operation, filled)).status, `${operation} ${JSON.stringify(filled)}`).to.equal(200);
    }
  });

  it("say how many bad lines there are for each reason, where prices are refused", async () => {
    const bad = "CNSGH,NLRTM,2021-02-29,1\n";
    const answer = await fetch(`${uploads.server.apiUrl}/batches?feed=bad`, {
      method: "POST",
      headers: { ...AUTHORIZED, "Content-Type": "text/csv", "Idempotency-Key": "bad" },
      body: `orig_code,dest_code,day,price\n${bad.repeat(1_200)}CNSGH,XXXXX,2021-02-28,1\n`,
    });
    expect(answer.status).to.equal(422);
    await described.expect("POST /batches", answer);
    const { lines, error_counts } = (await answer.json()) as { lines: unknown[]; error_counts: { count: number }[] };
    expect(lines).to.have.length(1_000);
    expect(error_counts.map(({ count }) => count)).to.deep.equal([1_200, 1]);
  });
});
