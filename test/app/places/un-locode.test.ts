import { expect } from "chai";
import { importPlaces } from "../../../app/places/import-places.js";
import { PlacesError } from "../../../app/places/places-error.js";
import type { PlacesFile } from "../../../app/places/places-file.js";
import { readPlaces } from "../../../app/places/read-places.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";

/** As UNECE publishes it: no header, every cell that holds something quoted, Function before Status. */
const OFFICIAL = [
  ',"SE",,".SWEDEN",,,,,,,,',
  ',"SE","MMA","Malmö","Malmo","M","12345---","AI","0401",,"5536N 01300E",""',
  '"+","SE","ZZZ","Österby","Osterby","AB","--3-----","RL","2301",,"5919N 01804E",',
  '"X","SE","OLD","Gammelhamn","Gammelhamn","AB","1-------","XX","0401",,,',
  '"=","SE","","Goteborg = Göteborg","Goteborg = Goteborg","","",,"","","",""',
  '"|","SE","GOT","Göteborg","Goteborg","O","1234----","AI","0401",,"5743N 01158E",""',
  ',"AX",,".ÅLAND ISLANDS",,,,,,,,',
  ',"AX","MHQ","Maarianhamina (Mariehamn)","Maarianhamina (Mariehamn)",,"1--4----","AI","1207",,"6006N 01957E",',
  ',"AX","MHQ","Mariehamn (Maarianhamina)","Mariehamn (Maarianhamina)",,"1--4----","AI","1207",,"6006N 01957E",',
  ',"DE","9B0","Beispiel","Beispiel","NI","1-------","RL","2301",,,',
].join("\r\n");

const HEADER =
  "Change,Country,Location,Name,NameWoDiacritics,Subdivision,Status,Function,Date,IATA,Coordinates,Remarks\n";

const file = (content: string | Buffer, name = "list.csv"): PlacesFile => ({ name, content });
const readAll = (ports: PlacesFile | PlacesFile[], regions?: string) =>
  readPlaces({ ports, ...(regions === undefined ? {} : { regions: file(regions, "regions.csv") }) }, new Map());
const namesOf = (ports: PlacesFile | PlacesFile[]) =>
  Object.fromEntries(readAll(ports).places.map(({ code, name }) => [code, name]));

const SEAPORTS = {
  se: "Sweden",
  SEMMA: "Malmö",
  SEGOT: "Göteborg",
  ax: "Åland Islands",
  AXMHQ: "Maarianhamina (Mariehamn)",
  de: "Germany",
  DE9B0: "Beispiel",
};

describe("the official list of UN/LOCODE", () => {
  for (const encoding of ["latin1", "utf8"] as const) {
    it(`gives its ports, in the regions of their countries, as it is published in ${encoding}`, () => {
      const { places, leftOut } = readAll(file(Buffer.from(OFFICIAL, encoding)));
      expect(Object.fromEntries(places.map(({ code, name }) => [code, name]))).to.deep.equal(SEAPORTS);
      expect(places.find(({ code }) => code === "SEGOT")?.parent).to.equal("se");
      expect(leftOut).to.deep.equal([]);
    });
  }

  it("is read with a header as well, where Status stands before Function", () => {
    const rows = [",SE,MMA,Malmö,Malmo,M,AI,12345---,0401,,,", ",SE,ZZZ,Österby,Osterby,AB,RL,--3-----,2301,,,"];
    expect(namesOf(file(Buffer.from(`\ufeff${HEADER}${rows.join("\n")}\n`)))).to.deep.equal({
      se: "Sweden",
      SEMMA: "Malmö",
    });
  });

  it("is read in its three parts, and what a file of one's own says of a port goes before", () => {
    const rows = OFFICIAL.split("\r\n");
    const parts = [rows.slice(0, 4), rows.slice(4, 6), rows.slice(6)].map((part, index) =>
      file(Buffer.from(part.join("\n"), "latin1"), `part${index}.csv`),
    );
    expect(namesOf(parts)).to.deep.equal(SEAPORTS);
    const own = file("code,name,parent_slug\nSEMMA,Port of Malmö,nordic\n", "own.csv");
    const { places } = readAll([...parts, own], "slug,name,parent_slug\nnordic,Nordic,\nse,Sverige,nordic\n");
    expect(places.filter(({ code }) => ["se", "SEMMA", "SEGOT"].includes(code))).to.deep.equal([
      { kind: "region", code: "se", name: "Sverige", parent: "nordic" },
      { kind: "port", code: "SEMMA", name: "Port of Malmö", parent: "nordic" },
      { kind: "port", code: "SEGOT", name: "Göteborg", parent: "se" },
    ]);
  });

  it("leaves out the one row that cannot be read, and says why", () => {
    const bad = [
      ',"SE","m-1","Nowhere","Nowhere","M","1-------","AI","0401",,,',
      ',"SE","BEL","Be\u0007ll","Bell","M","1-------","AI","0401",,,',
      ',"SE","NON","","","M","1-------","AI","0401",,,',
      ',"SE","QUO","Quo"te","Quote","M","1-------","AI","0401",,,',
    ];
    const { places, leftOut } = readAll(file(`${OFFICIAL}\r\n${bad.join("\r\n")}\r\n`));
    expect(places).to.have.length(Object.keys(SEAPORTS).length);
    expect(leftOut).to.deep.equal([
      'list.csv:11: code "SEm-1" is not the five letters of a UN/LOCODE, such as CNSGH',
      "list.csv:12: the control character U+0007",
      "list.csv:13: SENON has no name",
      "list.csv:14: text after a closing quote",
    ]);
  });

  it("is refused where UTF-8 is damaged, rather than read as something else", () => {
    const content = Buffer.from(OFFICIAL);
    content[content.indexOf(0xc3) + 1] = 0x20;
    expect(() => readAll(file(content))).to.throw(PlacesError, "list.csv:2: not valid UTF-8");
  });

  describe("in a database", () => {
    let database: TestDatabase;
    before(async () => {
      database = await createDatabase();
    });
    after(() => database.drop());

    it("leaves ports that are there where they lie, and brings the others with their countries, once", async () => {
      await importPlaces(database, {
        ports: file("code,name,parent_slug\nSEMMA,Malmo,nordic\nAXMHQ,Mariehamn,\n"),
        regions: file("slug,name,parent_slug\nnordic,Nordic,\n"),
      });
      const list = { ports: file(Buffer.from(OFFICIAL, "latin1")) };
      const counts = { ports: 4, regions: 2, changed: 6, rerolled: 0, leftOut: [] };
      expect(await importPlaces(database, list)).to.deep.equal(counts);
      const { rows } = await database.pool.query<{ code: string; name: string; parent: string | null }>(
        `SELECT p.code, p.name, parent.code AS parent FROM places p LEFT JOIN places parent ON parent.id = p.parent_id
         WHERE p.kind = 'port' ORDER BY p.code`,
      );
      expect(rows).to.deep.equal([
        { code: "AXMHQ", name: "Maarianhamina (Mariehamn)", parent: null },
        { code: "DE9B0", name: "Beispiel", parent: "de" },
        { code: "SEGOT", name: "Göteborg", parent: "se" },
        { code: "SEMMA", name: "Malmö", parent: "nordic" },
      ]);
      expect(await importPlaces(database, list)).to.include({ regions: 0, changed: 0 });
    });
  });
});
