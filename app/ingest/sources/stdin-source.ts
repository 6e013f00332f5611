import { randomUUID } from "node:crypto";
import type { Source, SourceObject } from "./source.js";

/** Standard input: one delivery, which nobody else can read and nobody can read again. */
export function openStdinSource(input: AsyncIterable<Buffer>): Source {
  return {
    feed: "stdin",
    several: false,
    async *list() {
      yield new StdinObject(input);
    },
  };
}

class StdinObject implements SourceObject {
  readonly name = "standard input";
  readonly location = "-";
  readonly identity = `stdin ${randomUUID()}`;
  readonly bytes = null;
  readonly ranges = false;
  readonly repeatable = false;
  readonly #input: AsyncIterable<Buffer>;

  constructor(input: AsyncIterable<Buffer>) {
    this.#input = input;
  }

  async *read(_from: number, _to: number | null, signal?: AbortSignal): AsyncIterable<Buffer> {
    const iterator = this.#input[Symbol.asyncIterator]();
    // A pipe may be silent for ever; a request to stop must not wait for it.
    const stopped = new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    stopped.catch(() => {});
    for (;;) {
      signal?.throwIfAborted();
      const next = await Promise.race([iterator.next(), stopped]);
      if (next.done) return;
      yield next.value;
    }
  }

  async verify(): Promise<void> {}
}
