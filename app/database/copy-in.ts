import type pg from "pg";
import { from } from "pg-copy-streams";

const HEADER = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);

/**
 * One binary COPY into a table. The rows of one buffer are sent while the caller fills another. `write` resolves when
 * the socket has taken the rows of the call before, so the caller is never faster than the server. Two buffers of at
 * least 64 KiB are enough, in turns. (The stream confirms smaller ones, below the high-water mark of the socket, before
 * they are sent.)
 */
export class CopyIn {
  readonly #stream: ReturnType<typeof from>;
  /** Rejects when the server or the connection fails. The callbacks of the stream do not report this. */
  readonly #failed: Promise<never>;
  #failure: Error | undefined;
  /** Resolves when the rows of the last `write` are sent. */
  #sending: Promise<void> = Promise.resolve();

  /** @param statement `COPY … FROM STDIN WITH (FORMAT binary)`. */
  constructor(client: pg.ClientBase, statement: string) {
    this.#stream = client.query(from(statement));
    this.#failed = new Promise((_, reject) => {
      this.#stream.on("error", (error) => {
        this.#failure ??= error;
        reject(this.#failure);
        // If the stream stayed open, it would send its buffer over a connection that it no longer owns, and the error
        // of this would end the process.
        this.#stream.destroy();
      });
    });
    this.#failed.catch(() => {});
    this.#stream.write(HEADER);
  }

  /**
   * Sends rows. Resolves when the socket has taken the rows of the call before. The caller must not change `rows` until
   * the next call, or {@link finish}, has resolved.
   * @param rows complete rows, in the binary format of COPY.
   * @throws the error of the server or of the connection; every later call throws the same.
   */
  async write(rows: Buffer): Promise<void> {
    await this.#sending;
    this.#sending = this.#unlessFailed((done) => this.#stream.write(rows, done));
    // The next call awaits this promise. Until then, a failure must not count as an unhandled rejection.
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
