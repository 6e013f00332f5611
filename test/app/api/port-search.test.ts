import { expect } from "chai";
import { demoPlacesFiles } from "../../../app/demo/load-demo.js";
import { importPlaces } from "../../../app/places/import-places.js";
import { useApi } from "../../kit/api.js";
import { until } from "../../kit/until.js";

interface Port {
  readonly code: string;
  readonly name: string;
}
interface Ports {
  readonly ports: readonly Port[];
  readonly next_cursor: string | null;
}

describe("GET /ports?search= and /ports/{code}", () => {
  const api = useApi();
  before(() => importPlaces(api.database, demoPlacesFiles()));

  const get = (path: string, headers: Record<string, string> = {}) => fetch(api.server.apiUrl + path, { headers });
  const read = async <T>(path: string) => (await (await get(path)).json()) as T;
  const found = async (search: string) =>
    (await read<Ports>(`/ports?search=${encodeURIComponent(search)}`)).ports.map(({ code }) => code);

  it("find ports by code, name, other names and country, and no regions", async () => {
    expect(await found("saigon")).to.deep.equal(["VNSGN"]);
    expect(await found("göteborg")).to.deep.equal(["SEGOT"]);
    expect(await found("germany")).to.deep.equal(["DEBRV", "DEHAM"]);
    expect(await found("cnsgh")).to.deep.equal(["CNSGH"]);
    expect(await found("california")).to.deep.equal([]);
    expect((await found("usa")).every((code) => code.startsWith("US"))).to.equal(true);
  });

  it("give the pages of a search, each port once and best first, as one long page does", async () => {
    const whole = (await read<Ports>("/ports?search=n&limit=1000")).ports;
    const paged: Port[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: Ports = await read<Ports>(`/ports?search=n&limit=2${cursor && `&cursor=${cursor}`}`);
      paged.push(...page.ports);
      cursor = page.next_cursor;
    }
    expect(whole.length).to.be.greaterThan(5);
    expect(paged).to.deep.equal(whole);
  });

  it("say in which country a port lies, and what else it is called", async () => {
    expect(await read("/ports/VNSGN")).to.deep.equal({
      code: "VNSGN",
      name: "Ho Chi Minh City",
      parent: "vietnam",
      country: { code: "VN", name: "Vietnam", other_names: ["Viet Nam"] },
      other_names: ["Saigon", "Thanh pho Ho Chi Minh"],
    });
    const { ports } = await read<Ports>("/ports?search=vnsgn");
    expect(ports[0]).to.deep.equal(await read("/ports/VNSGN"));
  });

  it("say what may be meant by a port that there is not", async () => {
    for (const [code, detail] of [
      ["cnsgh", 'No port has the code "cnsgh". Did you mean CNSGH (Shanghai)?'],
      ["Saigon", 'No port has the code "Saigon". Did you mean VNSGN (Ho Chi Minh City)?'],
      ["china", 'No port has the code "china".'],
    ] as const) {
      const answer = await get(`/ports/${code}`);
      expect(answer.status).to.equal(404);
      const body = (await answer.json()) as { type: string; detail: string };
      expect(body.type).to.equal("/docs/errors#unknown-port");
      expect(body.detail.startsWith(detail), body.detail).to.equal(true);
    }
  });

  it("answer 304 to a client that has the answer", async () => {
    for (const path of ["/ports/CNSGH", "/ports?search=china"]) {
      const etag = (await get(path)).headers.get("etag") ?? "";
      expect((await get(path, { "If-None-Match": etag })).status).to.equal(304);
    }
  });

  it("see an import within two seconds, also what was found before", async () => {
    expect(await found("atlantis")).to.deep.equal([]);
    expect((await get("/ports/XZATL")).status).to.equal(404);
    await importPlaces(api.database, {
      ports: { name: "ports.csv", content: "code,name,parent_slug\nXZATL,Atlantis,\n" },
    });
    const importedAtMs = Date.now();
    await until("the port is found", async () => (await found("atlantis")).length === 1);
    expect(Date.now() - importedAtMs).to.be.lessThan(2_000);
    expect(await read("/ports/XZATL")).to.deep.include({ name: "Atlantis", parent: null, country: null });
  });
});
