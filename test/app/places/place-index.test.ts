import { expect } from "chai";
import { demoPlacesFiles } from "../../../app/demo/load-demo.js";
import { didYouMean } from "../../../app/places/did-you-mean.js";
import { PlaceIndex } from "../../../app/places/place-index.js";
import { readPlaces } from "../../../app/places/read-places.js";

describe("the search for places", () => {
  const index = new PlaceIndex(readPlaces(demoPlacesFiles(), new Map()).places);
  const codes = (text: string) => index.search(text).map(({ place }) => place.code);
  const suggested = (text: string) => index.suggest(text).map(({ code }) => code);

  for (const [text, found] of [
    ["saigon", "VNSGN"],
    ["göteborg", "SEGOT"],
    ["GOTEBORG", "SEGOT"],
    ["Århus", "DKAAR"],
    ["cnsgh", "CNSGH"],
    ["new york", "USNYC"],
    ["gdańsk", "PLGDN"],
    ["tianjin", "CNTXG"],
    ["hamburg germany", "DEHAM"],
    ["north_europe", "north_europe"],
  ] as const) {
    it(`finds ${found} by "${text}", before all others`, () => {
      expect(codes(text)[0]).to.equal(found);
    });
  }

  for (const [text, countries] of [
    ["germany", ["DE"]],
    ["usa", ["US"]],
    ["holland", ["NL"]],
    ["united kingdom", ["GB"]],
    ["uk", ["GB"]],
    ["viet nam", ["VN"]],
    ["turkey", ["TR"]],
  ] as const) {
    it(`finds the ports of one country by "${text}"`, () => {
      const ports = index.search(text).filter(({ place }) => place.kind === "port");
      expect(new Set(ports.map(({ place }) => place.code.slice(0, 2)))).to.deep.equal(new Set(countries));
    });
  }

  it("finds no place by letters in the middle of a word", () => {
    expect(codes("usa")).not.to.include("KRPUS");
    expect(codes("otterdam")).to.deep.equal([]);
  });

  for (const [text, meant] of [
    ["cnsgh", ["CNSGH"]],
    ["Shanghai", ["CNSGH"]],
    ["Saigon", ["VNSGN"]],
    ["NLRTN", ["NLRTM"]],
    ["Roterdam", ["NLRTM"]],
    ["China-North", ["china_north"]],
    ["north_eurpe", ["north_europe"]],
  ] as const) {
    it(`suggests ${meant.join(", ")} for ${text}`, () => {
      expect(suggested(text)).to.deep.equal(meant);
    });
  }

  it("suggests at most three places, and none for what is like no place", () => {
    expect(suggested("germany")).to.deep.equal(["DEBRV", "DEHAM"]);
    expect(suggested("CN")).to.have.length(3);
    for (const text of ["", "-", "\u202e", "上海", "atlantis ocean", "x".repeat(200)]) {
      expect(suggested(text), text).to.deep.equal([]);
    }
  });

  it("says what may be meant in a sentence", () => {
    expect(didYouMean(index.suggest("germany"))).to.equal(" Did you mean DEBRV (Bremerhaven) or DEHAM (Hamburg)?");
    expect(didYouMean([])).to.equal("");
  });
});
