import { expect } from "chai";
import { startApi } from "../../kit/api.js";
import { deliver } from "../../kit/batches.js";
import { useDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";
import { runRatesapp } from "./ratesapp.js";

describe("ratesapp rates", function () {
  this.timeout(30_000);
  const test = useDatabase();
  const LANES = "CNSGH:NLRTM,china:europe";
  const DAYS = ["--from", "2024-02-28", "--to", "2024-03-02"];

  before(async () => {
    await bringPlaces(test.database);
    const price = { origin: "CNSGH", destination: "NLRTM" };
    await deliver(test.database, {
      prices: [
        ...[1000, 1001, 3003].map((usd) => ({ ...price, day: "2024-02-28", price: usd })),
        { ...price, origin: "CNHKG", day: "2024-02-28", price: 2000 },
        ...[10, 20].map((usd) => ({ ...price, day: "2024-03-02", price: usd })),
      ],
    });
  });

  const rates = (...args: string[]) => runRatesapp(["rates", ...args], { DATABASE_READ_URL: test.url });

  it("prints a table with a column for each lane, newest first", async () => {
    const { code, stdout, stderr } = await rates(LANES, ...DAYS);
    expect(stderr).to.equal("");
    expect(stdout.split("\n")).to.deep.equal([
      "DAY         CNSGH:NLRTM  china:europe",
      "2024-03-02            -             -",
      "2024-03-01            -             -",
      "2024-02-29            -             -",
      "2024-02-28     1,668.00      1,751.00",
      "",
    ]);
    expect(code).to.equal(0);
    expect((await rates("CNSGH:NLRTM", ...DAYS, "--interval", "month")).stdout.split("\n")).to.deep.equal([
      "DAY         LAST DAY    CNSGH:NLRTM",
      "2024-03-01  2024-03-02            -",
      "2024-02-28  2024-02-29     1,668.00",
      "",
    ]);
  });

  it("prints the JSON and the CSV that the service answers with", async () => {
    const server = await startApi({ DATABASE_URL: test.url });
    try {
      const query = `lanes=${LANES}&date_from=2024-02-28&date_to=2024-03-02&interval=week`;
      const get = async (path: string) => (await fetch(`${server.apiUrl}${path}?${query}`)).text();
      const asked = [LANES, ...DAYS, "--interval", "week"];
      expect((await rates(...asked, "--json")).stdout).to.equal(`${await get("/rates/lanes")}\n`);
      expect((await rates(...asked, "--csv")).stdout).to.equal(await get("/rates/lanes.csv"));
    } finally {
      await server.stop();
    }
  });

  it("ends with 2 for places that there are not, and says which may be meant", async () => {
    expect(await rates("cnsgh:NLRTM,CNSGH:atlantis", ...DAYS)).to.deep.equal({
      code: 2,
      stdout: "",
      stderr: 'No port or region is "cnsgh". Did you mean CNSGH (Name of CNSGH)?\nNo port or region is "atlantis".\n',
    });
  });

  it("ends with 2 for a range that makes no sense", async () => {
    const reversed = await rates(LANES, "--from", "2024-03-02", "--to", "2024-03-01");
    expect(reversed).to.include({ code: 2, stderr: "--from (2024-03-02) is after --to (2024-03-01).\n" });
    const long = await rates(LANES, "--from", "2023-01-01", "--to", "2024-01-02");
    expect(long).to.include({ code: 2, stderr: "From --from to --to are 367 days; at most 366 can be asked for.\n" });
  });
});
