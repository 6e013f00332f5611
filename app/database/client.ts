import pg from "pg";
import { explained } from "./untrusted-server.js";

type Connected = ((error: Error) => void) | ((error: null, client: pg.Client) => void);

/**
 * A connection to the database. If the server cannot prove that it is the database, `connect` fails with an
 * `UntrustedServerError`, which says what to do.
 */
export class Client extends pg.Client {
  override connect(): Promise<pg.Client>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.Client> | undefined {
    if (!callback) {
      return super.connect().catch((error: unknown) => {
        throw explained(error);
      });
    }
    // The pool passes a callback. It gets no error if the connection was made.
    const connected = callback as (error: unknown, client: pg.Client) => void;
    super.connect((error: Error) => connected(explained(error), this));
    return undefined;
  }
}
