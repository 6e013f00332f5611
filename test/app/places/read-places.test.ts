import { expect } from "chai";
import { PlacesError } from "../../../app/places/places-error.js";
import { readPlaces } from "../../../app/places/read-places.js";

type Content = string | Buffer;

const read = (ports: Content, regions: Content, known: string[] = []) =>
  readPlaces(
    { ports: { name: "ports.csv", content: ports }, regions: { name: "regions.csv", content: regions } },
    new Map(known.map((slug) => [slug, { kind: "region", parent: null }])),
  ).places;

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
      'ports.csv:3: code "cnsgh" is not the five letters of a UN/LOCODE, such as CNSGH',
      "ports.csv:4: CNYTN has no name",
      "ports.csv:6: CNSGH stands already at ports.csv:2",
      "regions.csv:4: loop lies in itself",
      'ports.csv:5: there is no region "nowhere"',
    ]);
  });

  it("takes codes with any digit, as the official list has them", () => {
    const places = read("code,name,parent_slug\nDE9B0,a,china_main\nIT940,b,china_main\nXZ101,c,china_main\n", REGIONS);
    expect(places.slice(1).map(({ code }) => code)).to.deep.equal(["DE9B0", "IT940", "XZ101"]);
  });

  const HEADER = "code,name,parent_slug\n";
  const latin1 = (text: string) => Buffer.from(text, "latin1");
  const utf16 = (text: string) => Buffer.from(text, "utf16le");
  const bytes = (...parts: (string | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const NOT_UTF8 = "not valid UTF-8; the file may be in Latin-1 and must be saved as UTF-8";
  for (const [title, ports, ...expected] of [
    [
      "Latin-1",
      latin1(`${HEADER}SEMMA,Malm\u00f6,china_main\nA\nSEGOT,G\u00f6teborg,china_main\n`),
      `2: ${NOT_UTF8}`,
      `4: ${NOT_UTF8}`,
    ],
    ["a Latin-1 header", latin1("code,name,parent_slug,l\u00e4n\nSEMMA,x,china_main,y\n"), `1: ${NOT_UTF8}`],
    ["Latin-1 in the code", latin1(`${HEADER}S\u00c9MMA,x,china_main\n`), `2: ${NOT_UTF8}`],
    [
      "Latin-1 in a column that is ignored",
      latin1("code,name,parent_slug,x\nSEMMA,x,china_main,\u00e9\n"),
      `2: ${NOT_UTF8}`,
    ],
    ["overlong UTF-8", bytes(`${HEADER}SEMMA,`, [0xc0, 0xaf], ",china_main\n"), `2: ${NOT_UTF8}`],
    ["half a surrogate", bytes(`${HEADER}SEMMA,`, [0xed, 0xa0, 0x80], ",china_main\n"), `2: ${NOT_UTF8}`],
    ["UTF-8 that is cut off", bytes(`${HEADER}SEMMA,x,china_main`, [0xc3]), `2: ${NOT_UTF8}`],
    ["UTF-16 with a byte order mark", utf16(`\ufeff${HEADER}`), "1: UTF-16; the file must be saved as UTF-8"],
    ["UTF-16 without one", utf16(HEADER), "1: UTF-16; the file must be saved as UTF-8"],
    ["big-endian UTF-16", utf16(`\ufeff${HEADER}`).swap16(), "1: UTF-16; the file must be saved as UTF-8"],
    ["a NUL in a name", `${HEADER}SEMMA,Mal\0mo,china_main\n`, "2: name: a NUL"],
    ["a NUL in a code", `${HEADER}SEMM\0,Malmo,china_main\n`, "2: code: a NUL"],
    ["a NUL in a parent", `${HEADER}SEMMA,Malmo,china_main\0\n`, "2: parent_slug: a NUL"],
    ["a NUL in the header", "code,name\0,parent_slug\nSEMMA,Malmo,china_main\n", "1: the header holds a NUL"],
    ["a bell", `${HEADER}SEMMA,Mal\u0007mo,china_main\n`, "2: name: the control character U+0007"],
    ["an escape", `${HEADER}SEMMA,\u001b[31mMalmo,china_main\n`, "2: name: the control character U+001B"],
    ["a C1 control character", `${HEADER}SEMMA,Mal\u0085mo,china_main\n`, "2: name: the control character U+0085"],
    [
      "writing that is turned round",
      `${HEADER}SEMMA,Mal\u202emo,china_main\n`,
      "2: name: the control character U+202E",
    ],
    ["a tab in a name", `${HEADER}SEMMA,Mal\tmo,china_main\n`, "2: name: the control character U+0009"],
    [
      "what an earlier conversion lost",
      `${HEADER}SEMMA,Malm\ufffd,china_main\n`,
      "2: name: U+FFFD, which stands for a character that was lost",
    ],
    ["a lone carriage return", `${HEADER}SEMMA,Mal\rmo,china_main\n`, "2: name: a carriage return without a line feed"],
    [
      "lines that end with carriage returns",
      "code,name,parent_slug\rSEMMA,x,china_main\r",
      "1: the header holds a carriage return without a line feed",
    ],
    [
      "a line break in a name",
      `${HEADER}SEMMA,Malmo,china_main\r\nSEGOT,"Gote\r\nborg",china_main\r\n`,
      "3: a quote that is not closed on its line",
      "4: a quote inside a field that is not quoted",
    ],
    [
      "an open quote",
      `${HEADER}"CNSGH,a,b\nCNNBO,b,nowhere\n`,
      "2: a quote that is not closed on its line",
      '3: there is no region "nowhere"',
    ],
    ["text behind a quote", `${HEADER}CNSGH,"a"b,china_main\n`, "2: text after a closing quote"],
    ["a quote in a name", `${HEADER}CNSGH,a "b",china_main\n`, "2: a quote inside a field that is not quoted"],
    [
      "a name of spaces",
      `${HEADER}CNSGH,   ,china_main\nCNNBO,"\u00a0\u3000",china_main\nCNTAO,\u200b,china_main\n`,
      "2: CNSGH has no name",
      "3: CNNBO has no name",
      "4: CNTAO has no name",
    ],
    [
      "a long name",
      `${HEADER}CNSGH,${"a".repeat(201)},china_main\n`,
      "2: the name of CNSGH has more than 200 characters",
    ],
    ["a long code", `${HEADER}${"A".repeat(10_000)},a,china_main\n`, "2: code has more than 200 characters"],
    [
      "a row with too few cells",
      `${HEADER}CNSGH\nCNNBO,a,china_main,b\n`,
      "2: a column is missing",
      "3: a column too many",
    ],
    [
      "a missing column",
      "code,parent_slug\nCNSGH,china_main\n",
      "1: the header lacks name; it must be code,name,parent_slug in any order",
    ],
    [
      "a column that stands twice",
      "code,name,parent_slug,name\nCNSGH,a,china_main,b\n",
      "1: the header has name twice",
    ],
    [
      "another file",
      "orig_code,dest_code,day,price\nCNSGH,NLRTM,2024-01-01,5\n",
      "1: the header lacks code, name, parent_slug; it must be code,name,parent_slug in any order",
    ],
    ["an empty file", "", "1: it is empty; its header must be code,name,parent_slug"],
    ["a byte order mark alone", Buffer.from("\ufeff"), "1: it is empty; its header must be code,name,parent_slug"],
    ["empty lines alone", "\n\r\n", "1: it is empty; its header must be code,name,parent_slug"],
    ["a header alone", HEADER, "1: there is no line under the header"],
    ["a port as a parent", `${HEADER}CNSGH,a,china_main\nCNNBO,b,CNSGH\n`, '3: there is no region "CNSGH"'],
    [
      "a row that stands twice",
      `${HEADER}CNSGH,a,china_main\n\nCNSGH,a,china_main\n`,
      "4: CNSGH stands already at ports.csv:2",
    ],
  ] as const) {
    it(`refuses ${title}`, () => {
      expect(mistakesOf(() => read(ports, REGIONS))).to.deep.equal(expected.map((mistake) => `ports.csv:${mistake}`));
    });
  }

  it("refuses the same in a file of regions", () => {
    const ports = `${HEADER}CNSGH,a,china_main\n`;
    const regions = latin1("slug,name,parent_slug\nchina_main,Cin\u00e9,\n");
    expect(mistakesOf(() => read(ports, regions))).to.deep.equal([`regions.csv:2: ${NOT_UTF8}`]);
    const long = `slug,name,parent_slug\n${"a".repeat(201)},a,\nchina_main,\0,\n`;
    expect(mistakesOf(() => read(ports, long))).to.include.members([
      "regions.csv:2: slug has more than 200 characters",
      "regions.csv:3: name: a NUL",
    ]);
  });

  it("takes UTF-8 of any script, quotes and spaces around them", () => {
    const places = read(
      Buffer.from(
        `\ufeff${HEADER} SEMMA ,Malm\u00f6, china_main\nCIABJ,"Abidjan (""C\u00f4te d'Ivoire""), \u4e0a\u6d77",china_main\n`,
      ),
      REGIONS,
    );
    expect(places.slice(1)).to.deep.equal([
      { kind: "port", code: "SEMMA", name: "Malm\u00f6", parent: "china_main" },
      { kind: "port", code: "CIABJ", name: 'Abidjan ("C\u00f4te d\'Ivoire"), \u4e0a\u6d77', parent: "china_main" },
    ]);
  });
});
