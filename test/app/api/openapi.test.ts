import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { expect } from "chai";
import type { RunningServer } from "../../../app/api/server.js";
import { createDatabase, type TestDatabase } from "../database.js";
import { startApi } from "./api-server.js";
import { importTree, publishPrices, SAMPLE_TREE } from "./sample.js";

interface Response {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly example?: string; readonly schema: object }[];
  readonly responses: Readonly<Record<string, Response>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

const RATES = "/rates?date_from=2021-01-30&date_to=2021-01-31&orig_code=CNSGH&dest_code=europe";

/** A request for each path and each status that this path can be brought to here. */
const REQUESTS: readonly (readonly [path: string, status: number, headers?: Record<string, string>])[] = [
  [RATES, 200],
  [RATES, 200, { Accept: "text/csv" }],
  [RATES, 304, { "If-None-Match": "*" }],
  ["/rates?date_from=2021-01-31&date_to=2021-01-30&origin=CNSGH&dest_code=europe", 400],
  ["/rates", 400],
  [RATES, 406, { Accept: "image/png" }],
  ["/ports", 200],
  ["/ports?limit=2", 200],
  ["/ports?limit=2&cursor=Q05TR0g", 200],
  ["/ports", 304, { "If-None-Match": "*" }],
  ["/ports?limit=0", 400],
  ["/ports", 406, { Accept: "image/png" }],
  ["/regions", 200],
  ["/regions", 304, { "If-None-Match": "*" }],
  ["/regions?x=1", 400],
  ["/regions", 406, { Accept: "image/png" }],
];

describe("the OpenAPI document", () => {
  let database: TestDatabase;
  let server: RunningServer;
  let document: Document;
  let compile: (schema: object) => ValidateFunction;

  before(async () => {
    database = await createDatabase();
    await importTree(database.pool, SAMPLE_TREE);
    const price = { origin: "CNSGH", destination: "SEGOT", day: "2021-01-31" };
    await publishPrices(database.pool, [
      { ...price, price: 1 },
      { ...price, price: 2 },
      { ...price, price: 4 },
    ]);
    server = await startApi({ DATABASE_URL: database.url });
    document = (await (await fetch(`${server.apiUrl}/openapi.json`)).json()) as Document;
    const ajv = new Ajv2020({ strict: false });
    formats.default(ajv);
    ajv.addSchema({ $id: "openapi", components: document.components });
    compile = (schema) => ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')));
  });

  after(async () => {
    await server.stop();
    await database.drop();
  });

  it("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(document)));
    expect(errors).to.equal(undefined);
    expect(valid).to.equal(true);
    expect(validator.version).to.equal("3.1");
  });

  it("describes every path of data", () => {
    expect(Object.keys(document.paths)).to.include.members(["/rates", "/ports", "/regions"]);
  });

  for (const [path, status, headers = {}] of REQUESTS) {
    it(`describes ${status} of ${path}${headers.Accept ? ` as ${headers.Accept}` : ""}`, async () => {
      const answer = await fetch(server.apiUrl + path, { headers });
      expect(answer.status).to.equal(status);
      const operation = document.paths[path.split("?", 1)[0] ?? ""]?.get;
      const described = operation?.responses[String(status)];
      if (described === undefined) throw new Error(`the document has no ${status} for ${path}`);
      for (const header of Object.keys(described.headers ?? {}))
        expect(answer.headers.has(header), header).to.equal(true);
      const body = await answer.text();
      if (described.content === undefined) {
        expect(body).to.equal("");
        return;
      }
      const type = answer.headers.get("content-type")?.split(";", 1)[0] ?? "";
      const content = described.content[type];
      if (content === undefined) throw new Error(`the document has no ${type} for ${status} of ${path}`);
      const validate = compile(content.schema);
      validate(type.endsWith("json") ? JSON.parse(body) : body);
      expect(validate.errors).to.equal(null);
    });
  }

  it("refuses answers that are wrong, so that the checks above mean something", () => {
    const validate = compile({ $ref: "#/components/schemas/Rates" });
    expect(validate({ rates: [{ day: "2021-01-31", count: 3, price: 1.5 }] })).to.equal(true);
    expect(validate({ rates: [{ day: "2021-02-31", count: 3, price: 1.5 }] })).to.equal(false);
    expect(validate({ rates: [{ day: "2021-01-31", count: 0, price: null }] })).to.equal(false);
    expect(validate({ rates: [{ day: "2021-01-31", count: 3 }] })).to.equal(false);
  });

  it("gives examples that its own schemas accept", () => {
    for (const { parameters = [] } of Object.values(document.paths).flatMap((path) => Object.values(path))) {
      for (const { name, example, schema } of parameters) {
        const validate = compile(schema);
        if (example !== undefined) expect(validate(example), name).to.equal(true);
      }
    }
  });

  it("can be read in the viewer, which loads nothing from elsewhere", async () => {
    const answer = await fetch(`${server.apiUrl}/docs`);
    expect(answer.status).to.equal(200);
    expect(answer.headers.get("content-type")).to.equal("text/html; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).to.include("default-src 'none'");
    const html = await answer.text();
    expect(html).not.to.match(/https?:/);
    for (const [, path] of html.matchAll(/(?:src|href)="(\/docs\/assets\/[^"]+)"/g)) {
      const asset = await fetch(server.apiUrl + path);
      expect(asset.status, path).to.equal(200);
      expect(asset.headers.get("cache-control")).to.equal("public, max-age=31536000, immutable");
      await asset.arrayBuffer();
    }
  });
});

describe("GET /ports and /regions", () => {
  let database: TestDatabase;
  let server: RunningServer;

  before(async () => {
    database = await createDatabase();
    server = await startApi({ DATABASE_URL: database.url });
  });

  after(async () => {
    await server.stop();
    await database.drop();
  });

  const get = async (path: string): Promise<unknown> => (await fetch(server.apiUrl + path)).json();

  it("are empty lists before places are imported", async () => {
    expect(await get("/ports")).to.deep.equal({ ports: [], next_cursor: null });
    expect(await get("/regions")).to.deep.equal({ regions: [] });
  });

  it("list the ports in pages, each once, and the regions as a tree", async () => {
    await importTree(database.pool, SAMPLE_TREE);
    // No older page may be in memory for longer than the promise.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const codes: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page = (await get(`/ports?limit=2${cursor && `&cursor=${cursor}`}`)) as {
        ports: { code: string; name: string; parent: string | null }[];
        next_cursor: string | null;
      };
      codes.push(...page.ports.map(({ code }) => code));
      cursor = page.next_cursor;
    }
    expect(codes).to.deep.equal(["CNHKG", "CNSGH", "NLRTM", "SEGOT", "USNYC"]);
    const { ports } = (await get("/ports")) as { ports: unknown[] };
    expect(ports[1]).to.deep.equal({ code: "CNSGH", name: "Name of CNSGH", parent: "china_main" });
    expect(ports[4]).to.deep.equal({ code: "USNYC", name: "Name of USNYC", parent: null });
    const leaf = (slug: string, ...inside: string[]) => ({
      slug,
      name: `Name of ${slug}`,
      ports: inside.map((code) => ({ code, name: `Name of ${code}` })),
      regions: [],
    });
    expect(await get("/regions")).to.deep.equal({
      regions: [
        { ...leaf("china", "CNHKG"), regions: [leaf("china_main", "CNSGH")] },
        leaf("empty"),
        {
          ...leaf("europe"),
          regions: [{ ...leaf("north_europe", "NLRTM"), regions: [leaf("scandinavia", "SEGOT")] }],
        },
      ],
    });
  });
});
