import { expect } from "chai";
import fc from "fast-check";
import { importPlaces } from "../../../app/places/import-places.js";
import { createDatabase } from "../../kit/database.js";
import { runs } from "../../kit/runs.js";
import { deliver, seen } from "../ingest/deliveries.js";
import { rollUp } from "../ingest/model.js";
import type { Tree } from "../ingest/tree.js";

const PORTS = ["AAAAA", "BBBBB", "CCCCC", "DDDDD"];

/** The tree of these parents: region i lies in an earlier one or in none (-1). */
const shape = fc.record({
  regions: fc.tuple(fc.constant(-1), fc.integer({ min: -1, max: 0 }), fc.integer({ min: -1, max: 1 })),
  ports: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: PORTS.length, maxLength: PORTS.length }),
});
type Shape = typeof shape extends fc.Arbitrary<infer Value> ? Value : never;

const slug = (index: number) => (index < 0 ? "" : `region_${index}`);

describe("places that move", function () {
  this.timeout(60_000);

  it("take their rates with them out of hundreds of regions", async () => {
    const database = await createDatabase();
    const levels = 160;
    const tower = (name: string) =>
      Array.from({ length: levels }, (_, level) => `${name}${level},${name},${level === 0 ? "" : name + (level - 1)}`);
    const regions = ["slug,name,parent_slug", ...tower("l"), ...tower("m")].join("\n");
    const importPorts = (...ports: string[]) =>
      importPlaces(database, {
        ports: { name: "ports.csv", content: ["code,name,parent_slug", ...ports].join("\n") },
        regions: { name: "regions.csv", content: regions },
      });
    try {
      await importPorts(`AAAAA,A,l${levels - 1}`, `BBBBB,B,m${levels - 1}`, "CCCCC,C,m0");
      const { rows } = await database.pool.query<{ id: number }>(
        "SELECT id FROM places WHERE kind = 'port' ORDER BY code",
      );
      const [a, b] = rows.map(({ id }) => id) as [number, number];
      await deliver(database.pool, { prices: [{ origin: a, destination: b, day: "2024-03-31", price: 7 }] });
      expect((await seen(database.pool)).size).to.equal((levels + 1) ** 2);
      expect((await importPorts("CCCCC,C,m0", `AAAAA,A,m${levels - 1}`)).rerolled).to.equal(2 * levels);
      const found = await seen(database.pool);
      expect(found.size).to.equal((levels + 1) ** 2);
      expect([...new Set(found.values())]).to.deep.equal(["1/7"]);
    } finally {
      await database.drop();
    }
  });

  it("take their rates with them, in every batch", async () => {
    await fc.assert(
      fc.asyncProperty(
        shape,
        shape,
        fc.array(fc.nat({ max: 15 }), { minLength: 1, maxLength: 6 }),
        async (a, b, lanes) => {
          const database = await createDatabase();
          try {
            const prices = (tree: Tree) =>
              lanes.map((lane, index) => ({
                origin: tree.ports[lane % 4] as number,
                destination: tree.ports[Math.floor(lane / 4)] as number,
                day: index % 2 === 0 ? "2024-03-31" : "2024-04-01",
                price: index + 1,
              }));
            const before = await bring(a);
            await deliver(database.pool, { prices: prices(before) });
            if (lanes.length > 1) await deliver(database.pool, { prices: prices(before).slice(1), feed: "b" });
            const after = await bring(b);
            const all = [...prices(after), ...prices(after).slice(1)];
            expect(await seen(database.pool)).to.deep.equal(
              new Map([...rollUp(after, all)].sort(([x], [y]) => (x < y ? -1 : 1))),
            );
          } finally {
            await database.drop();
          }

          async function bring({ regions, ports }: Shape): Promise<Tree> {
            await importPlaces(database, {
              ports: {
                name: "ports.csv",
                content: `code,name,parent_slug\n${PORTS.map((code, index) => `${code},${code},${slug(ports[index] as number)}\n`).join("")}`,
              },
              regions: {
                name: "regions.csv",
                content: `slug,name,parent_slug\n${regions.map((parent, index) => `${slug(index)},R,${slug(parent)}\n`).join("")}`,
              },
            });
            const { rows } = await database.pool.query<{ id: number; code: string }>("SELECT id, code FROM places");
            const id = (code: string) => rows.find((row) => row.code === code)?.id as number;
            const path = (region: number): number[] =>
              region < 0 ? [] : [id(slug(region)), ...path(regions[region] as number)];
            const ids = PORTS.map(id);
            return {
              ports: ids,
              regions: [],
              paths: [],
              above: new Map(ids.map((port, index) => [port, [port, ...path(ports[index] as number)]])),
            };
          }
        },
      ),
      { numRuns: runs(20) },
    );
  });
});
