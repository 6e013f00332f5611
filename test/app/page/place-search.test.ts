import { expect } from "chai";
import { otherNameFor, searchPlaces } from "../../../app/page/rates/place/place-search.js";
import { type PortNode, placesOf } from "../../../app/page/rates/place/places.js";

const REGIONS = [
  {
    slug: "china_main",
    name: "China Main",
    ports: [],
    regions: [
      {
        slug: "china_east_main",
        name: "China East Main",
        ports: [
          { code: "CNNBO", name: "Ningbo" },
          { code: "CNSGH", name: "Shanghai" },
        ],
        regions: [],
      },
    ],
  },
  {
    slug: "scandinavia",
    name: "Scandinavia",
    ports: [
      { code: "SEGOT", name: "Göteborg" },
      { code: "NOTOS", name: "Tønsberg" },
    ],
    regions: [],
  },
];

const PORTS: readonly PortNode[] = [
  port("CNNBO", "Ningbo", "China"),
  port("CNSGH", "Shanghai", "China"),
  port("SEGOT", "Göteborg", "Sweden", [], ["Gothenburg"]),
  port("NOTOS", "Tønsberg", "Norway"),
  port("DEHAM", "Hamburg", "Germany", ["Deutschland"]),
  port("DEBRV", "Bremerhaven", "Germany", ["Deutschland"]),
  port("KRPUS", "Busan", "South Korea", ["Korea"], ["Pusan"]),
  port("USLAX", "Los Angeles", "United States", ["USA", "America"]),
  port("USNYC", "New York", "United States", ["USA", "America"]),
  port("VNSGN", "Ho Chi Minh City", "Vietnam", ["Viet Nam"], ["Saigon"]),
  port("CIABJ", "Abidjan", "Côte d’Ivoire", ["Ivory Coast"]),
  { code: "XZAAA", name: "Nowhere", country: null, other_names: [] },
];

function port(code: string, name: string, country: string, other_names: string[] = [], names: string[] = []): PortNode {
  return { code, name, country: { name: country, other_names }, other_names: names };
}

const places = placesOf(REGIONS, PORTS);

const found = (typed: string) => searchPlaces(places, typed).map(({ code }) => code);

describe("the search for places", () => {
  it("flattens the tree with what is around each place and how many ports are in it", () => {
    expect(places.slice(0, 7).map(({ code, ports }) => `${code} ${ports}`)).to.deep.equal([
      "china_main 2",
      "china_east_main 2",
      "CNNBO 1",
      "CNSGH 1",
      "scandinavia 2",
      "SEGOT 1",
      "NOTOS 1",
    ]);
    expect(places[3]?.around).to.deep.equal(["China East Main", "China Main"]);
  });

  it("gives the whole tree for nothing", () => {
    expect(found("  ")).to.deep.equal(places.map(({ code }) => code));
  });

  it("finds names and codes without case and accents", () => {
    expect(found("goteb")).to.deep.equal(["SEGOT"]);
    expect(found("GÖTEB")).to.deep.equal(["SEGOT"]);
    expect(found("tonsberg")).to.deep.equal(["NOTOS"]);
    expect(found("cnsgh")).to.deep.equal(["CNSGH"]);
    expect(found("China east")).to.deep.equal(found("china_east"));
    expect(found("china_east")[0]).to.equal("china_east_main");
  });

  it("puts a region before the ports in it", () => {
    expect(found("scand")).to.deep.equal(["scandinavia", "SEGOT", "NOTOS"]);
  });

  it("finds a word inside a name, after names that begin with it", () => {
    expect(found("main").slice(0, 2)).to.deep.equal(["china_main", "china_east_main"]);
    expect(found("atlantis")).to.deep.equal([]);
  });

  it("finds the ports of a country by each of its names", () => {
    expect(found("germany")).to.deep.equal(["DEHAM", "DEBRV"]);
    expect(found("deutschland")).to.deep.equal(["DEHAM", "DEBRV"]);
    expect(found("United States")).to.deep.equal(["USLAX", "USNYC"]);
    expect(found("cote d'ivoire")).to.deep.equal(["CIABJ"]);
    expect(found("ivory")).to.deep.equal(["CIABJ"]);
  });

  it("does not find Busan for usa, because a word must begin with what is typed", () => {
    expect(found("usa")).to.deep.equal(["USLAX", "USNYC"]);
    expect(found("busan")).to.deep.equal(["KRPUS"]);
    expect(found("haven")).to.deep.equal([]);
  });

  it("finds a port by another name of it, and says by which", () => {
    expect(found("saigon")).to.deep.equal(["VNSGN"]);
    const saigon = places.find(({ code }) => code === "VNSGN");
    expect(saigon && otherNameFor(saigon, "saig")).to.equal("Saigon");
    expect(saigon && otherNameFor(saigon, "ho chi")).to.equal(undefined);
  });

  it("finds Göteborg however it is spelt", () => {
    for (const typed of ["göteborg", "goteborg", "goeteborg", "Gothenburg", "GÖTE"])
      expect(found(typed), typed).to.deep.equal(["SEGOT"]);
    expect(found("toensberg")).to.deep.equal(["NOTOS"]);
  });

  it("finds a port by words of its name, country and region together", () => {
    expect(found("hamburg germany")).to.deep.equal(["DEHAM"]);
    expect(found("ningbo china")).to.deep.equal(["CNNBO"]);
    expect(found("ningbo germany")).to.deep.equal([]);
  });

  it("takes ports of an API that does not know countries yet", () => {
    const [old] = placesOf([], [{ code: "DEHAM", name: "Hamburg" }]);
    expect(old).to.include({ name: "Hamburg", country: undefined });
    expect(old && searchPlaces([old], "hamb")).to.deep.equal([old]);
  });
});
