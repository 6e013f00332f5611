import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { readRejects } from "../../../app/batches/rejects.js";
import { writeOutput } from "../../../app/commands/write-output.js";
import { ingestSource } from "../../../app/ingest/ingest-source.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { bringPlaces, createFolder, type Folder, HEADER, only, readTotals, someLines, totalsOf } from "./setup.js";

const lines = someLines(3_000);

describe("lines that are left out", () => {
  let database: TestDatabase;
  let folder: Folder;

  before(async () => {
    database = await createDatabase();
    folder = await createFolder();
    await bringPlaces(database.pool);
  });
  after(async () => {
    await folder.remove();
    await database.drop();
  });

  it("are all kept, however many and however long", async () => {
    const bad = [
      ...Array.from({ length: 2_500 }, (_, index) => `CNSGH,NLRTM,2024-02-01,-${index}`),
      ...Array.from({ length: 12 }, (_, index) => `${index}`.repeat(900_000 / `${index}`.length)),
      ...Array.from({ length: 700 }, () => "x"),
    ];
    const path = await folder.write("bad.csv", `${HEADER}\n${bad.join("\n")}\n${lines.join("\n")}\n`);
    const ingest = (options: { feed: string; maxBadRows: number }) =>
      ingestSource({ database, source: path, ...options });
    const report = only(await ingest({ feed: "lenient", maxBadRows: 1_000_000_000 }));
    expect(report).to.include({ state: "published", rejected: bad.length, rows: lines.length });
    const rejects = join(folder.path, "rejects.csv");
    await writeOutput(rejects, readRejects(database, report.batchId));
    expect((await readFile(rejects, "utf8")) === `${HEADER}\n${bad.join("\n")}\n`).to.equal(true);
    // With one bad line too many, only the beginnings that are shown are kept.
    const failed = only(await ingest({ feed: "strict", maxBadRows: bad.length - 1 }));
    expect(failed).to.include({ state: "failed", rejected: bad.length });
    const { rows } = await database.pool.query(
      "SELECT count(*)::integer AS lines, max(line)::integer AS last FROM bad_lines WHERE batch_id = $1",
      [failed.batchId],
    );
    expect(rows).to.deep.equal([{ lines: 1_000, last: 1_001 }]);
    expect((await database.pool.query("SELECT 1 FROM bad_lines_aside")).rows).to.deep.equal([]);
    expect((await readTotals(database.pool)).stored).to.deep.equal(totalsOf(lines));
  });
});
