import { expect } from "chai";
import { Database } from "../../app/database/database.js";
import { bind, statement } from "../../app/database/statement.js";
import { createDatabase, type TestDatabase } from "../kit/database.js";

describe("statements", () => {
  const double = statement<{ value: number; add: number }, { doubled: number }>(
    "SELECT $value::integer + $value::integer + $add::integer AS doubled",
  );

  it("number each parameter once, wherever it stands", () => {
    const { text, values } = bind(double, { add: 1, value: 20 });
    expect(text).to.equal("SELECT $1::integer + $1::integer + $2::integer AS doubled");
    expect(values).to.deep.equal([20, 1]);
  });

  it("take null for a value, and name the parameter that was not given at all", () => {
    const one = statement<{ deadlineSeconds: number | null }>("SELECT $deadlineSeconds");
    expect(bind(one, { deadlineSeconds: null }).values).to.deep.equal([null]);
    expect(() => bind(one, {} as { deadlineSeconds: null })).to.throw(TypeError, '"deadlineSeconds" is not given');
  });

  describe("on a database", () => {
    let test: TestDatabase;
    before(async () => {
      test = await createDatabase();
    });
    after(() => test.drop());

    it("give typed rows, one row or none, and a number of rows", async () => {
      const database = new Database(test.pool);
      const days = statement<{ last: number }, { day: number }>("SELECT day FROM generate_series(1, $last) AS day");
      expect(await database.rows(days, { last: 2 })).to.deep.equal([{ day: 1 }, { day: 2 }]);
      expect((await database.row(double, { value: 4, add: 1 }))?.doubled).to.equal(9);
      expect(await database.row(days, { last: 0 })).to.equal(undefined);
      expect(await database.run(days, { last: 3 })).to.equal(3);
    });

    it("of a transaction are all undone by an error, and done again when the connection broke", async () => {
      const database = new Database(test.pool, { patienceMs: 10_000 });
      const note = statement<{ text: string }>("INSERT INTO notes VALUES ($text)");
      await test.pool.query("CREATE TABLE notes (text text)");
      let attempts = 0;
      await database.transaction(async (session) => {
        attempts += 1;
        await session.run(note, { text: `attempt ${attempts}` });
        if (attempts === 1) await session.run(statement("SELECT pg_terminate_backend(pg_backend_pid())"));
      });
      const { rows } = await test.pool.query("SELECT text FROM notes");
      expect(rows).to.deep.equal([{ text: "attempt 2" }]);
    });
  });
});
