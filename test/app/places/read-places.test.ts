import { expect } from "chai";
import { PlacesError, readPlaces } from "../../../app/places/read-places.js";

const read = (ports: string, regions: string, known: string[] = []) =>
  readPlaces(
    { ports: { name: "ports.csv", content: ports }, regions: { name: "regions.csv", content: regions } },
    new Set(known),
  );

const REGIONS = "slug,name,parent_slug\nchina_main,China Main,\n";

function mistakesOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof PlacesError) return error.mistakes;
    throw error;
  }
  throw new Error("expected a PlacesError");
}

describe("readPlaces", () => {
  it("takes parents that stand after their children, any column order, a BOM and CRLF", () => {
    const places = read(
      "\ufeffname,code,parent_slug\r\nShanghai,CNSGH,china_east_main\r\n",
      "slug,name,parent_slug\nchina_east_main,China East Main,china_main\nchina_main,China Main,\n",
    );
    expect(places).to.deep.equal([
      { kind: "region", code: "china_east_main", name: "China East Main", parent: "china_main" },
      { kind: "region", code: "china_main", name: "China Main", parent: null },
      { kind: "port", code: "CNSGH", name: "Shanghai", parent: "china_east_main" },
    ]);
  });

  it("takes a parent that only the database knows", () => {
    const places = read("code,name,parent_slug\nCNSGH,Shanghai,baltic\n", REGIONS, ["baltic"]);
    expect(places.at(-1)?.parent).to.equal("baltic");
  });

  it("names every mistake at once, with file and line", () => {
    const mistakes = mistakesOf(() =>
      read(
        'code,name,parent_slug\nCNSGH,Shanghai,china_main\ncnsgh,lower case,china_main\nCNYTN,,china_main\n"CNNBO","Ningbo",nowhere\nCNSGH,again,china_main\n',
        "slug,name,parent_slug\nchina_main,China Main,\nChina East,x,\nloop,Loop,loop\n",
      ),
    );
    expect(mistakes).to.deep.equal([
      'regions.csv:3: slug "China East" is not lower-case letters and digits joined by _ or -, such as china_main',
      'ports.csv:3: code "cnsgh" is not five letters of UN/LOCODE such as CNSGH',
      "ports.csv:4: CNYTN has no name",
      "ports.csv:6: CNSGH stands already at ports.csv:2",
      "regions.csv:4: loop lies in itself",
      "ports.csv:5: there is no region nowhere",
    ]);
  });

  for (const [title, ports, expected] of [
    ["a missing column", "code,parent_slug\nCNSGH,china_main\n", "ports.csv:1: the header lacks name"],
    ["an empty file", "", "ports.csv: has no line under its header code,name,parent_slug"],
    ["a row with too few cells", "code,name,parent_slug\nCNSGH\n", "ports.csv: Invalid Record Length"],
    ["an open quote", 'code,name,parent_slug\n"CNSGH,a,b\n', "ports.csv: Quote Not Closed"],
    [
      "a port as a parent",
      "code,name,parent_slug\nCNSGH,a,china_main\nCNNBO,b,CNSGH\n",
      "ports.csv:3: there is no region CNSGH",
    ],
  ] as const) {
    it(`refuses ${title}`, () => {
      expect(mistakesOf(() => read(ports, REGIONS))[0]).to.include(expected);
    });
  }
});
