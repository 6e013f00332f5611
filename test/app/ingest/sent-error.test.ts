import { once } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { expect } from "chai";
import pg from "pg";
import { BatchNotFoundError, BatchStateError } from "../../../app/batches/batch-error.js";
import { isTransient } from "../../../app/database/sqlstates.js";
import { PortsMissingError } from "../../../app/ingest/load/load-error.js";
import { HeaderError } from "../../../app/ingest/parse/columns.js";
import { SourceChangedError, SourceError } from "../../../app/ingest/sources/source-error.js";
import { fromSentError, type SentError, toSentError } from "../../../app/ingest/uploads/sent-error.js";
import { BadRowsError, PieceConflictError, PieceTooLargeError } from "../../../app/ingest/uploads/upload-error.js";
import { createDatabase } from "../../kit/database.js";

async function send(thrown: unknown): Promise<Error> {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(toSentError(thrown));
  const [sent] = (await once(port2, "message")) as [SentError];
  port1.close();
  return fromSentError(sent);
}

describe("an error that comes from another thread", () => {
  for (const error of [
    new BadRowsError(7, 3, 1),
    new BatchNotFoundError(7),
    new BatchStateError(7, "failed", "It has failed."),
    new HeaderError("no column day", "day"),
    new PieceConflictError(7, 2, "is loaded with other bytes"),
    new PieceTooLargeError(7, 2, 100),
    new PortsMissingError(),
    new SourceChangedError("The body", "it ended earlier than before"),
    new SourceError("It is damaged.", { cause: new Error("bad block") }),
  ]) {
    it(`is answered as what it is: ${error.name}`, async () => {
      const received = await send(error);
      expect(received).to.be.instanceOf(error.constructor as ErrorConstructor);
      expect(received).to.deep.include({ ...error });
      expect(received).to.include({ message: error.message, name: error.name, stack: error.stack });
      expect((received.cause as Error | undefined)?.message).to.equal((error.cause as Error | undefined)?.message);
    });
  }

  it("is tried again if the database was away", async () => {
    const database = await createDatabase();
    const refuse = "DO $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '57P01'; END $$";
    const refused = await database.pool.query(refuse).catch((error: unknown) => error);
    await database.drop();
    expect(isTransient(await send(refused))).to.equal(true);
    const unreached = await new pg.Client("postgres://localhost:9/none").connect().catch((error: unknown) => error);
    expect(isTransient(await send(unreached))).to.equal(true);
    expect(isTransient(await send("a text"))).to.equal(false);
  });
});
