import { expect } from "chai";
import { importPlaces } from "../../../app/places/import-places.js";
import { PlacesError } from "../../../app/places/places-error.js";
import { useFreshDatabase } from "../../kit/database.js";

const PORTS = "code,name,parent_slug\nCNSGH,Shanghai,east\nCNNBO,Ningbo,east\nNLRTM,Rotterdam,europe\n";
const REGIONS = "slug,name,parent_slug\neast,East,china\nchina,China,\neurope,Europe,\n";

describe("importPlaces", () => {
  const test = useFreshDatabase();

  const run = (ports: string, regions: string) =>
    importPlaces(test.database, {
      ports: { name: "ports.csv", content: ports },
      regions: { name: "regions.csv", content: regions },
    });

  const portsOf = async (code: string) =>
    (
      await test.pool.query<{ code: string }>(
        `SELECT port.code FROM places p JOIN place_ports c ON c.place_id = p.id JOIN places port ON port.id = c.port_id
         WHERE p.code = $1 ORDER BY 1`,
        [code],
      )
    ).rows.map((row) => row.code);

  const version = async () => Number((await test.pool.query("SELECT version FROM dataset")).rows[0].version);

  it("builds the closure at any depth", async () => {
    const report = await run(PORTS, REGIONS);
    expect(report).to.deep.equal({ ports: 3, regions: 3, changed: 6, rerolled: 0, leftOut: [] });
    expect(await portsOf("china")).to.deep.equal(["CNNBO", "CNSGH"]);
    expect(await portsOf("east")).to.deep.equal(["CNNBO", "CNSGH"]);
    expect(await portsOf("CNSGH")).to.deep.equal(["CNSGH"]);
    expect(await version()).to.equal(1);
  });

  it("changes nothing, and does not grow the dataset, when the same files come again", async () => {
    await run(PORTS, REGIONS);
    expect(await run(PORTS, REGIONS)).to.deep.equal({ ports: 3, regions: 3, changed: 0, rerolled: 0, leftOut: [] });
    expect(await version()).to.equal(1);
  });

  it("counts every place that changed, once", async () => {
    await run(PORTS, REGIONS);
    const ports =
      "code,name,parent_slug\nCNSGH,Shanghai,china\nCNNBO,Ningbo-Zhoushan,china\nNLRTM,Port of Rotterdam,europe\n";
    expect((await run(ports, REGIONS)).changed).to.equal(3);
  });

  it("moves a port to another region and keeps places that the files do not name", async () => {
    await run(PORTS, REGIONS);
    const report = await run(
      "code,name,parent_slug\nCNNBO,Ningbo-Zhoushan,europe\n",
      "slug,name,parent_slug\neurope,Europe,\n",
    );
    expect(report.changed).to.equal(1);
    expect(report.rerolled).to.equal(3);
    expect(await portsOf("east")).to.deep.equal(["CNSGH"]);
    expect(await portsOf("europe")).to.deep.equal(["CNNBO", "NLRTM"]);
  });

  it("refuses regions that lie in each other and leaves everything as it was", async () => {
    await run(PORTS, REGIONS);
    let failure: unknown;
    await run(PORTS, "slug,name,parent_slug\neast,East,china\nchina,China,east\n").catch((error: unknown) => {
      failure = error;
    });
    expect(failure).to.be.instanceOf(PlacesError);
    expect((failure as Error).message).to.include("regions lie in each other: china in east in china");
    expect(await portsOf("china")).to.deep.equal(["CNNBO", "CNSGH"]);
    expect(await version()).to.equal(1);
  });

  it("is safe against two imports at the same time", async () => {
    await Promise.all([run(PORTS, REGIONS), run(PORTS, REGIONS), run(PORTS, REGIONS)]);
    expect(await portsOf("china")).to.deep.equal(["CNNBO", "CNSGH"]);
    expect(await version()).to.equal(1);
  });
});
