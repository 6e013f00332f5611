import zlib from "node:zlib";
import { expect } from "chai";
import { PATIENCE_MS } from "../../../app/database/patiently.js";
import { type IngestOptions, ingestSource } from "../../../app/ingest/ingest-source.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { bringPlaces, createFolder, type Folder, HEADER, only, readTotals, someLines, totalsOf } from "./setup.js";

const lines = someLines(3_000);
const content = zlib.gzipSync(`${HEADER}\n${lines.join("\n")}\n`);

describe("a stream that another worker takes over", () => {
  let database: TestDatabase;
  let folder: Folder;

  beforeEach(async () => {
    database = await createDatabase();
    folder = await createFolder();
    await bringPlaces(database.pool);
  });
  afterEach(async () => {
    await folder.remove();
    await database.drop();
  });

  it("is not taken for another one because a claim was still being tried again when its worker stopped", async () => {
    // A sequence also counts attempts that are rolled back.
    await database.pool.query(`
      CREATE SEQUENCE refused;
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM nextval('refused');
        RAISE EXCEPTION USING ERRCODE = 'serialization_failure';
      END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON pieces FOR EACH ROW WHEN (NEW.number = 1) EXECUTE FUNCTION refuse()`);
    const path = await folder.write("prices.csv.gz", content);
    const options: IngestOptions = {
      database: database.with({ patienceMs: PATIENCE_MS }),
      source: path,
      pieceBytes: 4_096,
    };
    const controller = new AbortController();
    const stopped = ingestSource({ ...options, database: options.database.with({ signal: controller.signal }) }).catch(
      () => {},
    );
    for (let refused = 0; refused < 5; ) {
      refused = (await database.pool.query("SELECT last_value::integer AS n FROM refused")).rows[0].n;
    }
    controller.abort();
    await stopped;
    const { rows } = await database.pool.query("SELECT number FROM pieces ORDER BY number");
    expect(rows.map(({ number }) => number)).to.deep.equal([0]);

    await database.pool.query("DROP TRIGGER refuse ON pieces");
    const report = only(await ingestSource(options));
    expect(report).to.include({ state: "published", failure: null });
    expect((await readTotals(database.pool)).visible).to.deep.equal(totalsOf(lines));
  });
});
