import { expect } from "chai";
import fc from "fast-check";
import { BadLines } from "../../../app/ingest/parse/bad-lines.js";
import { COLUMN_NAMES, type Columns, HeaderError, readHeader } from "../../../app/ingest/parse/columns.js";
import { CsvParser } from "../../../app/ingest/parse/csv-parser.js";
import { type Format, HeaderReader } from "../../../app/ingest/parse/header-reader.js";
import type { LineSplitter } from "../../../app/ingest/parse/line-splitter.js";
import { NdjsonParser } from "../../../app/ingest/parse/ndjson-parser.js";
import { PortTable } from "../../../app/ingest/parse/port-table.js";
import { ROW_BYTES, Rows } from "../../../app/ingest/parse/rows.js";
import { splitFields } from "../../../app/ingest/parse/split-fields.js";
import { combineChecksums } from "../../../app/rates/roll-up/checksum.js";

const CODES = ["CNSGH", "NLRTM", "DEHAM", "USNYC", "SGSIN", "AE2AB"];
const PORTS = new PortTable(CODES.map((code, index) => ({ code, id: index + 1 })));
const MILLISECONDS_PER_DAY = 86_400_000;

interface Parsed {
  /** Each row as `origin id, destination id, day, price`, in order. */
  readonly rows: string[];
  readonly bad: { line: number; column: string | null; reason: string }[];
  readonly lines: number;
  readonly checksum: string;
  readonly priceSum: bigint;
  readonly months: readonly string[];
}

/** Parses a text that arrives in chunks; each chunk ends at one of the `cuts`. */
function parse(text: string | Buffer, cuts: readonly number[] = [], format: Format = "csv", header = true): Parsed {
  const bytes = Buffer.from(text as string);
  const reader = new HeaderReader(format, header ? null : COLUMN_NAMES);
  const rows = new Rows(7, 3, bytes.filter((byte) => byte === 10).length + 2);
  const bad = new BadLines(0);
  let parser: LineSplitter | undefined;
  const start = (columns: Columns, rest: Buffer) => {
    parser = format === "csv" ? new CsvParser(columns, PORTS, rows, bad) : new NdjsonParser(PORTS, rows, bad);
    parser.lines = reader.lines;
    parser.parse(rest);
  };
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    // A copy that is overwritten afterwards: the parser must keep no reference to it.
    const chunk = Buffer.from(bytes.subarray(from, end));
    from = end;
    if (parser) parser.parse(chunk);
    else {
      const headed = reader.read(chunk);
      if (headed) start(headed.columns, headed.rest);
    }
    chunk.fill(0x58);
  }
  if (!parser) {
    const headed = reader.end();
    start(headed.columns, headed.rest);
  }
  parser?.end();
  const found: string[] = [];
  for (let at = 0; at < rows.length; at += ROW_BYTES) {
    const row = rows.buffer.subarray(at, at + ROW_BYTES);
    expect(row.readInt16BE(0)).to.equal(6);
    expect([2, 10, 18, 26, 34, 42].map((length) => row.readInt32BE(length))).to.deep.equal([4, 4, 4, 4, 4, 4]);
    expect([row.readInt32BE(38), row.readInt32BE(46)]).to.deep.equal([7, 3]);
    const day = new Date(Date.UTC(2000, 0, 1) + row.readInt32BE(22) * MILLISECONDS_PER_DAY).toISOString().slice(0, 10);
    found.push([row.readInt32BE(6), row.readInt32BE(14), day, row.readInt32BE(30)].join(" "));
  }
  const { checksum, priceSum, months } = rows.totals;
  return {
    rows: found,
    bad: bad.shown.map(({ line, column, reason }) => ({ line, column, reason })),
    lines: parser?.lines ?? 0,
    checksum,
    priceSum,
    months,
  };
}

const HEADER = "orig_code,dest_code,day,price\n";
const GOOD = "CNSGH,NLRTM,2021-01-31,1234";
/**
 * Enough lines that the parser reads ordinary lines at once. The last bytes of a chunk are always parsed one line at a
 * time.
 */
const MORE = `${"DEHAM,USNYC,2024-02-29,5\n".repeat(5)}`;

describe("parsing CSV", () => {
  const rowOf = "1 2 2021-01-31 1234";
  const moreRows = Array.from({ length: 5 }, () => "3 4 2024-02-29 5");

  for (const [name, text] of [
    ["plain", `${HEADER}${GOOD}\n${MORE}`],
    ["without a last line break", `${HEADER}${GOOD}\n${MORE}`.slice(0, -1)],
    ["with CR LF", `${HEADER}${GOOD}\n${MORE}`.replaceAll("\n", "\r\n")],
    ["with a byte order mark", `\ufeff${HEADER}${GOOD}\n${MORE}`],
    ["with quotes", `"orig_code","dest_code",day,price\n"CNSGH",NLRTM,"2021-01-31","1234"\n${MORE}`],
    ["with empty lines", `${HEADER}\n${GOOD}\n\r\n\n${MORE}\n`],
    ["with leading zeros", `${HEADER}CNSGH,NLRTM,2021-01-31,0001234\n${MORE}`],
  ] as const) {
    it(`reads lines ${name}`, () => {
      const parsed = parse(text);
      expect(parsed.bad).to.deep.equal([]);
      expect(parsed.rows).to.deep.equal([rowOf, ...moreRows]);
      expect(parsed.months).to.deep.equal(["2021-01-01", "2024-02-01"]);
      expect(parsed.priceSum).to.equal(1259n);
    });
  }

  const orders = permutations([...COLUMN_NAMES]);
  it(`reads the columns in each of ${orders.length} orders`, () => {
    const values = { orig_code: "AE2AB", dest_code: "SGSIN", day: "2199-12-31", price: "2147483647" };
    for (const order of orders) {
      const line = order.map((name) => values[name]).join(",");
      const parsed = parse(`${order.join(",")}\n${`${line}\n`.repeat(4)}`);
      expect(parsed.rows, order.join()).to.deep.equal(Array(4).fill("6 5 2199-12-31 2147483647"));
    }
  });

  for (const [line, column, reason] of [
    ["XXXXX,NLRTM,2021-01-31,1", "orig_code", "unknown port"],
    ["CNSGH,NLRT,2021-01-31,1", "dest_code", "unknown port"],
    ["cnsgh,NLRTM,2021-01-31,1", "orig_code", "unknown port"],
    [" CNSGH,NLRTM,2021-01-31,1", "orig_code", "unknown port"],
    [",NLRTM,2021-01-31,1", "orig_code", "unknown port"],
    ["CNSGH,NLRTM,2021-1-31,1", "day", "not a date like 2021-01-31"],
    ["CNSGH,NLRTM,31.01.2021,1", "day", "not a date like 2021-01-31"],
    ["CNSGH,NLRTM,2021-13-01,1", "day", "not a date like 2021-01-31"],
    ["CNSGH,NLRTM,2021/01/31,1", "day", "not a date like 2021-01-31"],
    ["CNSGH,NLRTM,,1", "day", "not a date like 2021-01-31"],
    ["CNSGH,NLRTM,2021-02-29,1", "day", "a day that does not exist"],
    ["CNSGH,NLRTM,2021-04-31,1", "day", "a day that does not exist"],
    ["CNSGH,NLRTM,1899-12-31,1", "day", "not between the years 1900 and 2199"],
    ["CNSGH,NLRTM,2200-01-01,1", "day", "not between the years 1900 and 2199"],
    ["CNSGH,NLRTM,2021-01-31,-5", "price", "negative"],
    ["CNSGH,NLRTM,2021-01-31,0", "price", "zero"],
    ["CNSGH,NLRTM,2021-01-31,000", "price", "zero"],
    ["CNSGH,NLRTM,2021-01-31,12.50", "price", "not a whole number"],
    ["CNSGH,NLRTM,2021-01-31,2147483648", "price", "over 2147483647"],
    ["CNSGH,NLRTM,2021-01-31,99999999999999999999", "price", "over 2147483647"],
    ["CNSGH,NLRTM,2021-01-31,", "price", "empty"],
    ["CNSGH,NLRTM,2021-01-31,1e3", "price", "not a number"],
    ["CNSGH,NLRTM,2021-01-31, 12", "price", "not a number"],
    ["CNSGH,NLRTM,2021-01-31", null, "a column is missing"],
    ["CNSGH", null, "a column is missing"],
    ["CNSGH,NLRTM,2021-01-31,1,2", null, "a column too many"],
    ["CNSGH,NLRTM,2021-01-31,1,", null, "a column too many"],
    ['"CNSGH,NLRTM,2021-01-31,1', null, "a quote that is not closed on its line"],
    ['CNSGH,NLRTM,2021-01-31,"1"2', null, "text after a closing quote"],
    ['CNSGH,NL"RTM,2021-01-31,1', null, "a quote inside a field that is not quoted"],
    ["CNSGH,NLRTM,2021-01-31,1\0", null, "a NUL byte"],
    [Buffer.from([0x43, 0xff, 0xfe, 0x2c]), null, "not valid UTF-8"],
    ["CNSGH,NLRTM,2021-01-31,1".padEnd(1024 * 1024 + 1, "1"), null, "longer than 1 MiB"],
    ["x".repeat(5 * 1024 * 1024), null, "longer than 1 MiB"],
  ] as const) {
    const shown = typeof line === "string" ? line.replace("\0", "\\0") : line.toString("latin1");
    it(`refuses ${shown.length > 60 ? `${shown.slice(0, 30)}… (${shown.length} bytes)` : shown}`, () => {
      const text = Buffer.concat([`${HEADER}${GOOD}\n`, line, `\n${MORE}`].map((part) => Buffer.from(part as string)));
      for (const cuts of [[], [70], Array.from({ length: 40 }, (_, index) => index * 131_072)]) {
        const parsed = parse(text, cuts);
        expect(parsed.bad).to.deep.equal([{ line: 3, column, reason }]);
        expect(parsed.rows).to.deep.equal([rowOf, ...moreRows]);
        expect(parsed.lines).to.equal(8);
      }
    });
  }

  it("takes no longer over empty lines than over prices: of 30 KB of zstd, a billion may come", () => {
    const secondsFor = (text: string) => {
      const chunk = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)));
      const rows = new Rows(1, 0, chunk.length);
      const parser = new CsvParser(COLUMN_NAMES, PORTS, rows, new BadLines(0));
      const beganAtMs = performance.now();
      for (let bytes = 0; bytes < 10_000_000; bytes += chunk.length) {
        parser.parse(chunk);
        rows.clear();
      }
      return (performance.now() - beganAtMs) / 1_000;
    };
    const prices = Math.max(secondsFor(`${GOOD}\n`), secondsFor(`${GOOD}\n`));
    for (const empty of ["\n", "\r\n"]) expect(secondsFor(empty), empty).to.be.below(3 * prices);
  });

  it("reads a line of 1 MiB that comes byte by byte, as a header too", () => {
    const bytes = Buffer.from(`${GOOD}${" ".repeat(1_000_000)}\n`);
    const bad = new BadLines(0);
    const parser = new CsvParser(COLUMN_NAMES, PORTS, new Rows(1, 0, 100), bad);
    const header = new HeaderReader("csv", null);
    for (let at = 0; at < bytes.length; at += 1) {
      parser.parse(bytes.subarray(at, at + 1));
      if (at < bytes.length - 1) header.read(bytes.subarray(at, at + 1));
    }
    expect(Object.fromEntries(bad.counts)).to.deep.equal({ "price: not a number": 1 });
    expect(() => header.end()).to.throw(HeaderError, "unknown column");
  });

  it("makes no field of each of a million commas", () => {
    expect(splitFields(Buffer.alloc(1_000_000, ","))).to.have.length(100);
    expect(parse(`${HEADER}${",".repeat(1_000_000)}\n`).bad[0]?.reason).to.equal("a column too many");
  });

  it("keeps the beginning of a line over 1 MiB only", () => {
    const bad = new BadLines(1);
    const parser = new CsvParser(COLUMN_NAMES, PORTS, new Rows(1, 0, 100), bad);
    for (let chunk = 0; chunk < 64; chunk += 1) parser.parse(Buffer.alloc(65_536, 0x61));
    parser.end();
    expect(bad.shown.map(({ content }) => content.length)).to.deep.equal([1024]);
    expect(bad.takeKept().map(({ content }) => content.length)).to.deep.equal([1024]);
    expect(parser.lines).to.equal(1);
  });

  it("shows a thousand bad lines and counts them all", () => {
    const bad = new BadLines(0);
    const parser = new CsvParser(COLUMN_NAMES, PORTS, new Rows(1, 0, 100), bad);
    parser.parse(Buffer.from("CNSGH,NLRTM,2021-01-31,0\n".repeat(1_500)));
    parser.parse(Buffer.from("CNSGH\n".repeat(10)));
    expect(bad.shown).to.have.length(1_000);
    expect(Object.fromEntries(bad.counts)).to.deep.equal({ "price: zero": 1_500, "a column is missing": 10 });
  });

  it("holds at most 1 MiB of bad lines that are only shown, and a few MiB of those to be written out", () => {
    const long = Buffer.alloc(900_000, 0x61);
    const fault = { column: null, reason: "a column is missing" };
    const bytesOf = (kept: readonly { content: Buffer }[]) =>
      kept.reduce((sum, { content }) => sum + content.length, 0);
    const refused = new BadLines(0);
    for (let line = 1; line <= 1_500; line += 1) refused.add(line, fault, long);
    expect(bytesOf(refused.shown)).to.equal(1_000 * 1024);
    expect(refused.takeKept()).to.deep.equal([]);

    const allowed = new BadLines(100);
    let taken = 0;
    for (let line = 1; line <= 100; line += 1) {
      allowed.add(line, fault, long);
      if (!allowed.isFull) continue;
      const kept = allowed.takeKept();
      expect(bytesOf(kept)).to.be.below(5 * 1024 * 1024);
      taken += kept.length;
    }
    expect(taken + allowed.takeKept().length).to.equal(100);
    allowed.add(101, fault, long);
    expect(allowed.takeKept(), "lines of a batch that fails").to.deep.equal([]);
  });

  for (const [header, column] of [
    ["orig_code,dest_code,day", "price"],
    ["orig_code,dest_code,day,price,extra", "extra"],
    ["orig_code,dest_code,day,day,price", "day"],
    ["origin,dest_code,day,price", "orig_code"],
    ['orig_code,"dest_code,day,price', null],
    ["", "orig_code"],
  ] as const) {
    it(`refuses the header ${header || "of an empty line"}`, () => {
      expect(() => readHeader(Buffer.from(header)))
        .to.throw(HeaderError)
        .with.property("column", column);
    });
  }

  it("refuses an empty file", () => {
    expect(() => parse("")).to.throw(HeaderError, "it is empty");
  });
});

describe("parsing NDJSON", () => {
  const good = '{"orig_code":"CNSGH","dest_code":"NLRTM","day":"2021-01-31","price":1234}';

  it("reads members in any order, with or without spaces", () => {
    for (const order of permutations([...COLUMN_NAMES])) {
      const member = {
        orig_code: '"orig_code" : "CNSGH"',
        dest_code: '"dest_code":"NLRTM"',
        day: '"day": "2021-01-31"',
        price: '"price" :1234 ',
      };
      const line = `{ ${order.map((name) => member[name]).join(" ,")} }`.replace("} }", "}}");
      const parsed = parse(`${`${line}\n`.repeat(6)}`, [], "ndjson");
      expect(parsed.bad).to.deep.equal([]);
      expect(parsed.rows).to.deep.equal(Array(6).fill("1 2 2021-01-31 1234"));
    }
  });

  for (const [line, column, reason] of [
    [good.replace("CNSGH", "XXXXX"), "orig_code", "unknown port"],
    [good.replace("2021-01-31", "2021-02-30"), "day", "a day that does not exist"],
    [good.replace("1234", "0"), "price", "zero"],
    [good.replace("1234", "-1"), "price", "negative"],
    [good.replace("1234", "1.5"), "price", "not a whole number"],
    [good.replace("1234", "2147483648"), "price", "over 2147483647"],
    [good.replace("1234", "1e30"), "price", "over 2147483647"],
    [good.replace("1234", '"1234"'), "price", "not a number"],
    [good.replace("1234", "null"), "price", "not a number"],
    [good.replace("1234", "01234"), null, "not JSON"],
    [good.replace(',"price":1234', ""), "price", "a column is missing"],
    [good.replace("}", ',"x":1}'), null, "a column too many"],
    [good.replace('"CNSGH"', '["CNSGH"]'), "orig_code", "not a string"],
    [good.replace('"NLRTM"', '{"code":"NLRTM"}'), "dest_code", "not a string"],
    [good.replace('"2021-01-31"', '["2021-01-31"]'), "day", "not a string"],
    [good.replace('"2021-01-31"', "20210131"), "day", "not a string"],
    [good.replace('"CNSGH"', "null"), "orig_code", "not a string"],
    [good.replace('"CNSGH"', "true"), "orig_code", "not a string"],
    [good.replace('"CNSGH"', `${"[".repeat(500_000)}${"]".repeat(500_000)}`), "orig_code", "not a string"],
    [good.replace("1234", "[1234]"), "price", "not a number"],
    [good.replace("1234", "true"), "price", "not a number"],
    [good.replace("1234", "1e400"), "price", "over 2147483647"],
    [good.replace("1234", "9".repeat(500)), "price", "over 2147483647"],
    [good.replace("1234", "-1e400"), "price", "negative"],
    [good.replace("1234", "-1.5"), "price", "negative"],
    [good.replace("1234", "-0"), "price", "zero"],
    [good.replace("1234", "0e9"), "price", "zero"],
    [good.replace("1234", "1e-7"), "price", "not a whole number"],
    [good.replace("1234", "1e-400"), "price", "not a whole number"],
    [good.replace("1234", "1234.00000000000000001"), "price", "not a whole number"],
    [good.replace("1234", "12340001e-4"), "price", "not a whole number"],
    [good.replace("}", ',"price":1234}'), null, "a column twice"],
    [good.replace("}", ',"\\u0070rice":9999}'), null, "a column twice"],
    [good.replace("{", '{"day":{"a":1},'), null, "a column twice"],
    [good.replace('"day":"2021-01-31"', '"orig_code":"CNSGH"'), "day", "a column is missing"],
    [good.replace("}", ',"__proto__":{"price":1}}'), null, "a column too many"],
    [good.replace("}", ',"x":{"price":[1,{"day":"}"}]}}'), null, "a column too many"],
    [good.slice(0, -1), null, "not JSON"],
    [`${good},`, null, "not JSON"],
    ["[1]", null, "not a JSON object"],
    ["null", null, "not a JSON object"],
    ["1", null, "not a JSON object"],
  ] as const) {
    it(`refuses ${line.length > 200 ? `${line.slice(0, 40)}…` : line}`, () => {
      const parsed = parse(`${good}\n${line}\n${`${good}\n`.repeat(4)}`, [], "ndjson");
      expect(parsed.bad).to.deep.equal([{ line: 2, column, reason }]);
      expect(parsed.rows).to.have.length(5);
    });
  }

  for (const price of ["1.234e3", "1234.0", "1234.000E+0", "12340e-1", "0.1234e4", "123400000e-5"]) {
    it(`reads a price of ${price}`, () => {
      expect(parse(good.replace("1234", price), [], "ndjson").rows).to.deep.equal(["1 2 2021-01-31 1234"]);
    });
  }

  it("reads names with escapes, and white space anywhere", () => {
    const line = `\t${good.replace("price", "\\u0070r\\u0069ce").replaceAll(",", " ,\t").replaceAll(":", " : ")} `;
    expect(parse(line, [], "ndjson").rows).to.deep.equal(["1 2 2021-01-31 1234"]);
  });

  it("reads escapes, CR LF and a byte order mark", () => {
    const parsed = parse(`\ufeff${good.replace("CNSGH", "\\u0043NSGH")}\r\n${good}`, [], "ndjson");
    expect(parsed.rows).to.deep.equal(["1 2 2021-01-31 1234", "1 2 2021-01-31 1234"]);
  });
});

const code = fc.constantFrom(...CODES);
const day = fc
  .integer({ min: Date.UTC(1900, 0, 1) / MILLISECONDS_PER_DAY, max: Date.UTC(2199, 11, 31) / MILLISECONDS_PER_DAY })
  .map((number) => new Date(number * MILLISECONDS_PER_DAY).toISOString().slice(0, 10));
const price = fc.oneof(fc.integer({ min: 1, max: 2_147_483_647 }), fc.integer({ min: 1, max: 9_999 }));
const line = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(code, code, day, price).map((fields) => fields.join(",")) },
  { weight: 1, arbitrary: fc.tuple(code, code, day, price).map((fields) => fields.map((f) => `"${f}"`).join(",")) },
  { weight: 1, arbitrary: fc.constantFrom("", "CNSGH", '"', "CNSGH,NLRTM,2021-02-30,1", "a,b,c,d,e", "é,ß,☃,1", "\r") },
);
const file = fc
  .tuple(fc.array(fc.tuple(line, fc.constantFrom("\n", "\n", "\r\n")), { maxLength: 60 }), fc.boolean())
  .map(([lines, ended]) => {
    const text = lines.map((parts) => parts.join("")).join("");
    return ended ? text : text.replace(/\r?\n$/, "");
  });

describe("parsing, whatever the chunks", () => {
  it("gives the same rows, bad lines and totals", () => {
    fc.assert(
      fc.property(file, fc.array(fc.nat(), { maxLength: 12 }), (text, cuts) => {
        expect(parse(`${HEADER}${text}`, cuts)).to.deep.equal(parse(`${HEADER}${text}`));
      }),
    );
  });

  it("reads an ordinary line as the careful way does", () => {
    fc.assert(
      fc.property(file, (text) => {
        // With a chunk for each byte, every line is parsed one at a time.
        const everyByte = Array.from({ length: HEADER.length + Buffer.byteLength(text) }, (_, index) => index);
        expect(parse(`${HEADER}${text}`)).to.deep.equal(parse(`${HEADER}${text}`, everyByte));
      }),
    );
  });

  it("has a checksum that depends on the prices, not on their order or split", () => {
    const prices = fc.array(
      fc.tuple(code, code, day, price).map((fields) => `${fields.join(",")}\n`),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(prices, fc.nat(), (lines, at) => {
        const cut = at % (lines.length + 1);
        const whole = parse(lines.join(""), [], "csv", false).checksum;
        const parts = [lines.slice(cut), lines.slice(0, cut)].map(
          (part) => parse(part.join(""), [], "csv", false).checksum,
        );
        expect(combineChecksums(parts)).to.equal(whole);
        expect(parse(lines.slice(1).join(""), [], "csv", false).checksum).not.to.equal(whole);
      }),
    );
  });
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}
