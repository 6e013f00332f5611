import { randomUUID } from "node:crypto";
import { addAbortSignal, type Readable } from "node:stream";
import type { Source, SourceObject } from "./source.js";

/** Standard input or another pipe: one delivery. No other process can read it, and it cannot be read a second time. */
export function openPipeSource(pipe: {
  readonly name: string;
  readonly location: string;
  readonly input: Readable;
}): Source {
  return {
    several: false,
    async *list() {
      yield new PipeObject(pipe.name, pipe.location, pipe.input);
    },
  };
}

class PipeObject implements SourceObject {
  readonly name: string;
  readonly location: string;
  readonly channel = "pipe";
  readonly identity = randomUUID();
  readonly bytes = null;
  readonly ranges = false;
  readonly repeatable = false;
  readonly #input: Readable;

  constructor(name: string, location: string, input: Readable) {
    this.name = name;
    this.location = location;
    this.#input = input;
  }

  async *read(_from: number, _to: number | null, signal?: AbortSignal): AsyncIterable<Buffer> {
    // A pipe may be silent for ever, and a request to stop must not wait for it.
    if (signal) addAbortSignal(signal, this.#input);
    try {
      yield* this.#input as AsyncIterable<Buffer>;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }

  async verify(): Promise<void> {}
}
