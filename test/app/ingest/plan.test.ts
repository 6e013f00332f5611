import { expect } from "chai";
import { planBatch } from "../../../app/batches/plan.js";
import { useDatabase } from "../../kit/database.js";

describe("planBatch", () => {
  const test = useDatabase();

  for (const { what, bytes, pieces } of [
    {
      what: "a file in pieces, the last one shorter",
      bytes: 25,
      pieces: [
        [0, 10],
        [10, 20],
        [20, 25],
      ],
    },
    { what: "an empty file as one empty piece", bytes: 0, pieces: [[0, 0]] },
    { what: "a stream without pieces, which are cut as it is read", bytes: null, pieces: [] },
  ]) {
    it(`plans ${what}, once`, async () => {
      const delivery = { feed: what, source: what, channel: "file", identity: what, mode: "append", bytes } as const;
      const limits = { pieceBytes: 10, maxBadRows: 0, deadlineSeconds: null };
      const plan = () => planBatch(test.database, { ...delivery, ...limits }, "2024-01-01", false);
      const [{ id }, ...others] = await Promise.all([plan(), plan(), plan()]);
      for (const other of others) expect(other.id).to.equal(id);
      const { rows } = await test.pool.query(
        "SELECT array[from_byte, to_byte]::integer[] AS piece FROM pieces WHERE batch_id = $1 ORDER BY number",
        [id],
      );
      expect(rows.map(({ piece }) => piece)).to.deep.equal(pieces);
      expect((await test.pool.query("SELECT planned FROM batches WHERE id = $1", [id])).rows).to.deep.equal([
        { planned: bytes !== null },
      ]);
    });
  }
});
