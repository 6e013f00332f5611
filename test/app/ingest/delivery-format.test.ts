import { expect } from "chai";
import { HeaderError } from "../../../app/ingest/parse/columns.js";
import { readDeliveryFormat } from "../../../app/ingest/pieces/delivery-format.js";

const NDJSON = '{"orig_code":"CNSGH","dest_code":"NLRTM","day":"2021-01-31","price":1234}\n';
const CSV = "day,price,orig_code,dest_code\n2021-01-31,1234,CNSGH,NLRTM\n";

async function headOf(text: string, chunkBytes: number) {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  return readDeliveryFormat(chunks());
}

describe("the head of a delivery", () => {
  for (const chunkBytes of [1, 2, 3, 4, 1_000]) {
    it(`is told from its first letters, in chunks of ${chunkBytes} bytes`, async () => {
      for (const before of ["", "\ufeff", "\n", "\r\n\n", "\ufeff\n", " \t"]) {
        expect((await headOf(before + NDJSON, chunkBytes)).format, JSON.stringify(before)).to.equal("ndjson");
      }
      for (const before of ["", "\ufeff"]) {
        const columns = ["day", "price", "orig_code", "dest_code"];
        expect(await headOf(before + CSV, chunkBytes)).to.deep.equal({ format: "csv", columns });
        expect(await headOf(before + CSV.slice(0, CSV.indexOf("\n")), chunkBytes)).to.deep.include({ columns });
      }
      for (const [text, reason] of [
        ["", "it is empty"],
        ["\ufeff", "it is empty"],
        ["\n\n", "no column orig_code"],
      ] as const) {
        const failure = await headOf(text, chunkBytes).catch((error: unknown) => error);
        expect(failure).to.be.instanceOf(HeaderError);
        expect((failure as Error).message).to.contain(reason);
      }
    });
  }
});
