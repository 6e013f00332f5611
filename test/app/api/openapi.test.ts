import { Validator } from "@seriousme/openapi-schema-validator";
import { expect } from "chai";
import { useApi } from "../../kit/api.js";
import { bringPlaces } from "../../kit/places.js";
import { until } from "../../kit/until.js";
import { Described } from "./described.js";

describe("the OpenAPI document", () => {
  const api = useApi();
  let described: Described;

  before(async () => {
    described = await Described.read(api.server.apiUrl);
  });

  it("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(described.document)));
    expect(errors).to.equal(undefined);
    expect(valid).to.equal(true);
    expect(validator.version).to.equal("3.1");
  });

  it("describes every path of data", () => {
    expect(Object.keys(described.document.paths)).to.include.members(["/rates", "/rates/lanes", "/ports", "/regions"]);
  });

  it("refuses answers that are wrong, so that the checks of answers mean something", () => {
    const validate = described.compile({ $ref: "#/components/schemas/Rates" });
    expect(validate({ rates: [{ day: "2021-01-31", count: 3, price: 1.5 }] })).to.equal(true);
    expect(validate({ rates: [{ day: "2021-02-31", count: 3, price: 1.5 }] })).to.equal(false);
    expect(validate({ rates: [{ day: "2021-01-31", count: 0, price: null }] })).to.equal(false);
    expect(validate({ rates: [{ day: "2021-01-31", count: 3 }] })).to.equal(false);
  });

  it("gives examples that its own schemas accept", () => {
    for (const { parameters = [] } of Object.values(described.document.paths).flatMap((path) => Object.values(path))) {
      for (const { name, example, schema } of parameters) {
        const validate = described.compile(schema);
        if (example !== undefined) expect(validate(example), name).to.equal(true);
      }
    }
  });

  it("can be read in the viewer, which loads nothing from elsewhere", async () => {
    const answer = await fetch(`${api.server.apiUrl}/docs`);
    expect(answer.status).to.equal(200);
    expect(answer.headers.get("content-type")).to.equal("text/html; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).to.include("default-src 'none'");
    const html = await answer.text();
    expect(html).not.to.match(/https?:/);
    for (const [, path] of html.matchAll(/(?:src|href)="(\/docs\/assets\/[^"]+)"/g)) {
      const asset = await fetch(api.server.apiUrl + path);
      expect(asset.status, path).to.equal(200);
      expect(asset.headers.get("cache-control")).to.equal("public, max-age=31536000, immutable");
      await asset.arrayBuffer();
    }
  });
});

describe("GET /ports and /regions", () => {
  const api = useApi();

  const get = async (path: string): Promise<unknown> => (await fetch(api.server.apiUrl + path)).json();

  it("are empty lists before places are imported", async () => {
    expect(await get("/ports")).to.deep.equal({ ports: [], next_cursor: null });
    expect(await get("/regions")).to.deep.equal({ regions: [] });
  });

  it("list the ports in pages, each once, and the regions as a tree", async () => {
    await bringPlaces(api.database);
    await until(
      "the import is seen",
      async () => ((await get("/regions")) as { regions: unknown[] }).regions.length > 0,
    );
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
    expect(ports[1]).to.deep.include({ code: "CNSGH", name: "Name of CNSGH", parent: "china_main" });
    expect(ports[4]).to.deep.include({ code: "USNYC", name: "Name of USNYC", parent: null });
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
