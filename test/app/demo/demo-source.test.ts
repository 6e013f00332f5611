import { expect } from "chai";
import { demoPorts, demoRegions } from "../../../app/demo/demo-places.js";
import { DemoSource } from "../../../app/demo/demo-source.js";
import { demoLanes } from "../../../app/demo/lanes.js";

/** 2026-03-14. */
const LAST_DAY = 20_526;

describe("demo data", () => {
  it("has ports with distinct UN/LOCODE codes, each in a region that exists", () => {
    const regions = new Set(demoRegions.map(({ slug }) => slug));
    expect(new Set(demoPorts.map(({ code }) => code)).size).to.equal(demoPorts.length);
    expect(demoPorts.length).to.be.within(60, 100);
    for (const { code, region } of demoPorts) {
      expect(code).to.match(/^[A-Z]{2}[A-Z2-9]{3}$/);
      expect(regions.has(region), `${code} in ${region}`).to.equal(true);
    }
  });

  it("has a tree of regions without a cycle, four deep and unbalanced, with ports beside regions", () => {
    const parents = new Map(demoRegions.map(({ slug, parent }) => [slug, parent]));
    const depths = new Map<string, number>();
    for (const { slug } of demoRegions) {
      const path = [slug];
      for (let above = parents.get(slug); above; above = parents.get(above)) {
        expect(path).not.to.include(above);
        expect(parents.has(above), above).to.equal(true);
        path.push(above);
      }
      depths.set(slug, path.length);
    }
    const leaves = demoRegions.filter(({ slug }) => !demoRegions.some(({ parent }) => parent === slug));
    expect(new Set(leaves.map(({ slug }) => depths.get(slug)))).to.deep.equal(new Set([1, 2, 3, 4]));
    expect(demoPorts.some(({ region }) => demoRegions.some(({ parent }) => parent === region))).to.equal(true);
    for (const { slug } of leaves)
      expect(
        demoPorts.some(({ region }) => region === slug),
        slug,
      ).to.equal(true);
  });

  it("quotes each lane the same prices for a day, whatever else is asked", () => {
    const [one, two] = [demoLanes(), demoLanes()];
    for (const [index, lane] of one.entries()) {
      const again = two[two.length - 1 - index];
      again?.pricesOf(LAST_DAY - 3);
      expect(lane.pricesOf(LAST_DAY)).to.deep.equal(two[index]?.pricesOf(LAST_DAY));
    }
  });

  it("trades every port, but not every pair, and no price is absurd", () => {
    const lanes = demoLanes();
    expect(lanes.length).to.be.within(800, 2500);
    for (const { code } of demoPorts) {
      expect(
        lanes.some(({ origin }) => origin === code),
        `from ${code}`,
      ).to.equal(true);
      expect(
        lanes.some(({ destination }) => destination === code),
        `to ${code}`,
      ).to.equal(true);
    }
    for (const lane of lanes) {
      for (const price of lane.pricesOf(LAST_DAY)) {
        expect(Number.isInteger(price)).to.equal(true);
        expect(price).to.be.within(150, 12_000);
      }
    }
  });

  it("has a year of days with 0, 1, 2 and more prices, dearer over a longer way and out of the Far East", () => {
    const counts = new Map<number, number>();
    const means = new Map<string, number>();
    for (const { origin, destination, pricesOf } of demoLanes()) {
      const all: number[] = [];
      for (let day = LAST_DAY - 364; day <= LAST_DAY; day += 1) {
        const prices = pricesOf(day);
        counts.set(Math.min(prices.length, 3), (counts.get(Math.min(prices.length, 3)) ?? 0) + 1);
        all.push(...prices);
      }
      means.set(`${origin} ${destination}`, all.reduce((sum, price) => sum + price, 0) / all.length);
    }
    for (const count of [0, 1, 2, 3]) expect(counts.get(count), `days with ${count}`).to.be.above(10_000);
    const mean = (lane: string) => means.get(lane) ?? Number.NaN;
    expect(mean("CNSGH NLRTM")).to.be.above(mean("CNSGH SGSIN"));
    expect(mean("CNSGH NLRTM")).to.be.above(1.5 * mean("NLRTM CNSGH"));
    expect(mean("CNSGH USLAX")).to.be.above(1.5 * mean("USLAX CNSGH"));
  });

  it("comes day by day, the last one first; a day is the same delivery on a later day, unless it is there already", async () => {
    const read = async (lastDay: number, without = new Set<string>()) => {
      const source = new DemoSource({ lastDay, without });
      const days = new Map<string, string>();
      for await (const object of source.list()) {
        const chunks: Buffer[] = [];
        for await (const chunk of object.read(0, null)) chunks.push(chunk);
        expect(Buffer.concat(chunks)).to.have.length(object.bytes as number);
        days.set(object.identity, Buffer.concat(chunks).toString());
      }
      expect(days.size).to.equal(source.days);
      return days;
    };
    const [today, tomorrow] = [await read(LAST_DAY), await read(LAST_DAY + 1)];
    const rows = [...today.values()].flatMap((text) => text.trimEnd().split("\n").slice(1));
    expect(rows.length).to.be.within(500_000, 1_000_000);
    expect(rows[0]).to.match(/^[A-Z]{2}[A-Z2-9]{3},[A-Z]{2}[A-Z2-9]{3},2026-03-14,\d+$/);
    expect(rows.at(-1)).to.include(",2025-02-12,");
    const shared = [...today].filter(([identity]) => tomorrow.has(identity));
    expect(shared).to.have.length(today.size - 1);
    for (const [identity, text] of shared) expect(tomorrow.get(identity) === text, identity).to.equal(true);
    const rest = await read(LAST_DAY, new Set(["2026-03-14", "2026-03-12"]));
    expect([...rest.keys()].slice(0, 2)).to.deep.equal(["demo-2026-03-13.csv", "demo-2026-03-11.csv"]);
  });
});
