import type pg from "pg";
import { from } from "pg-copy-streams";

const HEADER = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);

/**
 * One binary COPY into a table. Rows are sent while the caller fills another buffer: `write` resolves when the socket
 * has taken those of the call before, so that the sender goes no faster than the server, and two buffers of 64 KiB or
 * more can take turns (what is smaller than the socket's high-water mark is acknowledged before it is sent).
 */
export class CopyIn {
  readonly #stream: ReturnType<typeof from>;
  /** Rejects when the server or the connection fails: the callbacks of the stream do not report that. */
  readonly #failed: Promise<never>;
  #failure: Error | undefined;
  /** The rows on their way. */
  #sending: Promise<void> = Promise.resolve();

  /** @param statement `COPY … FROM STDIN WITH (FORMAT binary)`. */
  constructor(client: pg.ClientBase, statement: string) {
    this.#stream = client.query(from(statement));
    this.#failed = new Promise((_, reject) => {
      this.#stream.on("error", (error) => {
        this.#failure ??= error;
        reject(this.#failure);
        // Or the stream would send its buffer over a connection that it no longer holds, and its error would end the
        // process.
        this.#stream.destroy();
      });
    });
    this.#failed.catch(() => {});
    this.#stream.write(HEADER);
  }

  /**
   * Sends rows, and resolves when the socket has taken those of the call before. The caller must not change `rows`
   * until the next call, or {@link finish}, has resolved.
   * @param rows in the binary format of COPY, whole rows only.
   * @throws what the server says of the statement, or of the connection; every later call throws the same.
   */
  async write(rows: Buffer): Promise<void> {
    await this.#sending;
    this.#sending = this.#unlessFailed((done) => this.#stream.write(rows, done));
    // Awaited by the next call; until then a failure must not count as unhandled.
    this.#sending.catch(() => {});
  }

  /** Resolves when the server has taken every row. */
  async finish(): Promise<void> {
    await this.#sending;
    await this.#unlessFailed((done) => {
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
