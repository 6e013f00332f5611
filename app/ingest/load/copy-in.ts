import type pg from "pg";
import { from } from "pg-copy-streams";

const HEADER = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);

/**
 * One binary COPY into a table. `write` resolves when the socket has taken the bytes, so that the sender goes no
 * faster than the server and may fill a buffer of 64 KiB or more again (what is smaller than the socket's high-water
 * mark is acknowledged before it is sent).
 */
export class CopyIn {
  readonly #stream: ReturnType<typeof from>;
  /** Rejects when the server or the connection fails, which no callback of the stream is told of. */
  readonly #failed: Promise<never>;
  #failure: Error | undefined;

  /** @param statement `COPY … FROM STDIN WITH (FORMAT binary)`. */
  constructor(client: pg.ClientBase, statement: string) {
    this.#stream = client.query(from(statement));
    this.#failed = new Promise((_, reject) => {
      this.#stream.on("error", (error) => {
        this.#failure ??= error;
        reject(this.#failure);
        // Or it would send what waits in it over a connection that it has let go of, and throw where nobody catches.
        this.#stream.destroy();
      });
    });
    this.#failed.catch(() => {});
    this.#stream.write(HEADER);
  }

  write(rows: Buffer): Promise<void> {
    return this.#unlessFailed((done) => this.#stream.write(rows, done));
  }

  /** Resolves when the server has taken every row. */
  finish(): Promise<void> {
    return this.#unlessFailed((done) => {
      this.#stream.write(TRAILER);
      this.#stream.end(done);
    });
  }

  async #unlessFailed(start: (done: (error?: Error | null) => void) => void): Promise<void> {
    if (this.#failure) throw this.#failure;
    const done = new Promise<void>((resolve, reject) => {
      start((error) => (error ? reject(error) : resolve()));
    });
    await Promise.race([this.#failed, done]);
  }
}
