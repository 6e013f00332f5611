import { expect } from "chai";
import { searchPlaces } from "../../../app/page/rates/place-search.js";
import { flatten } from "../../../app/page/rates/places.js";

const places = flatten([
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
]);

const found = (typed: string) => searchPlaces(places, typed).map(({ code }) => code);

describe("the search for places", () => {
  it("flattens the tree with what is around each place and how many ports are in it", () => {
    expect(places.map(({ code, ports }) => `${code} ${ports}`)).to.deep.equal([
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
});
