import { sleep } from "../../sleep.js";
import { SourceError, SourceUnavailableError } from "./source-error.js";

/** Attempts to go on where a reading was cut; more are made by those who load the piece. */
const ATTEMPTS = 4;
const FIRST_WAIT_MS = 250;
/** A server that sends nothing for so long has been cut off without a word. */
const SILENCE_MS = 60_000;

export interface ResumingRead {
  /** What messages call it. */
  readonly location: string;
  readonly from: number;
  /** The end, exclusive; null if only the server knows. */
  readonly to: number | null;
  /** Without ranges it would begin from the start again, which those who cut the stream do better. */
  readonly ranges: boolean;
  /** Asks for the bytes from `at` on. The signal also ends the body. */
  open(at: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  readonly signal?: AbortSignal | undefined;
  /** Tests make it short. */
  readonly silenceMs?: number;
}

/**
 * The bytes of something far away; goes on where it was cut.
 * @throws {SourceUnavailableError} if it was cut, or silent, time and again.
 * @throws {SourceError} that `open` throws.
 */
export async function* readResuming(read: ResumingRead): AsyncIterable<Buffer> {
  const { location, from, to, ranges, signal } = read;
  let at = from;
  for (let attempt = 1; to === null || at < to; attempt += 1) {
    const before = at;
    try {
      for await (const chunk of readOnce(read, at)) {
        at += chunk.length;
        yield chunk;
      }
      if (to === null) return;
      if (at < to) throw new SourceUnavailableError(`${location} was cut off.`);
    } catch (error) {
      signal?.throwIfAborted();
      if (at > before) attempt = 1;
      const failure = asSourceError(location, error);
      if (failure instanceof SourceError || attempt === ATTEMPTS || (at > 0 && !ranges)) throw failure;
      await sleep(FIRST_WAIT_MS * 2 ** attempt * (0.5 + Math.random() / 2), signal);
    }
  }
}

async function* readOnce({ open, signal, silenceMs = SILENCE_MS }: ResumingRead, at: number): AsyncIterable<Buffer> {
  const silence = new AbortController();
  const listen = () => setTimeout(() => silence.abort(new Error(`silent for ${silenceMs / 1000} seconds`)), silenceMs);
  let timer = listen();
  try {
    for await (const chunk of await open(at, signal ? AbortSignal.any([signal, silence.signal]) : silence.signal)) {
      // As long as we have the chunk, perhaps because our database is away, the server cannot send.
      clearTimeout(timer);
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      timer = listen();
    }
  } finally {
    clearTimeout(timer);
  }
}

function asSourceError(location: string, error: unknown): SourceError | SourceUnavailableError {
  if (error instanceof SourceError || error instanceof SourceUnavailableError) return error;
  return new SourceUnavailableError(`${location} was cut off: ${causeOf(error)}`, { cause: error });
}

/** What lies behind "fetch failed" and the like. */
export function causeOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message ? cause.message : message;
}
