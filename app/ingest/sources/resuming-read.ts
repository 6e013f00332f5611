import { ATTEMPTS, waitAfterAttempt } from "./attempts.js";
import { SourceChangedError, SourceError, SourceUnavailableError } from "./source-error.js";

/** A server that sends nothing for so long counts as vanished. */
const SILENCE_MS = 60_000;

/** One answer of a server: the bytes from the position that was asked for. */
export interface RangeAnswer {
  readonly body: AsyncIterable<Uint8Array>;
  /** Its length, if the answer gives one; otherwise null. */
  readonly bytes: number | null;
}

/** What to read, and how to ask for it again after a cut. */
export interface ResumingRead {
  /** What messages call it. */
  readonly location: string;
  readonly from: number;
  /** The end, exclusive: bytes of an answer after it are not read. Null if only the server knows. */
  readonly to: number | null;
  /**
   * False if the server gives no ranges: each attempt would start from the beginning, which the code that cuts the
   * stream does itself.
   */
  readonly ranges: boolean;
  /** Asks for the bytes from `at` on. The signal also ends the body. */
  open(at: number, signal: AbortSignal): Promise<RangeAnswer>;
  readonly signal?: AbortSignal | undefined;
  /** Tests make it short. */
  readonly silenceMs?: number;
}

/**
 * The bytes of something far away, exactly as many as it was asked for; goes on where it was cut.
 * @throws {SourceUnavailableError} if it was cut, or silent, time and again.
 * @throws {SourceChangedError} if it cannot be read in ranges and is longer than it was.
 * @throws {SourceError} that `open` throws.
 */
export async function* readResuming(read: ResumingRead): AsyncIterable<Buffer> {
  const { location, from, to, ranges, signal } = read;
  let at = from;
  for (let attempt = 1; to === null || at < to; attempt += 1) {
    const before = at;
    try {
      for await (const chunk of readOnce(read, at)) {
        const wanted = to === null ? chunk : chunk.subarray(0, to - at);
        if (wanted.length < chunk.length && !ranges) throw new SourceChangedError(location, `it has over ${to} bytes`);
        at += wanted.length;
        if (wanted.length > 0) yield wanted;
        if (wanted.length < chunk.length) return;
      }
      if (to === null) return;
      // A server may answer with a shorter range than it was asked for, one after the other.
      if (at < to && (at === before || !ranges)) throw new SourceUnavailableError(`${location} was cut off.`);
    } catch (error) {
      signal?.throwIfAborted();
      if (at > before) attempt = 1;
      const failure = asSourceError(location, error);
      const final = failure instanceof SourceError || failure instanceof LongAnswerError || (at > 0 && !ranges);
      if (final || attempt === ATTEMPTS) throw failure;
      await waitAfterAttempt(attempt, signal);
    }
  }
}

/** Whatever the bytes are, they are not those that the answer speaks of, also those that were read before. */
class LongAnswerError extends SourceUnavailableError {
  constructor(location: string) {
    super(`${location} sent more than it said.`);
  }
}

async function* readOnce(read: ResumingRead, at: number): AsyncIterable<Buffer> {
  const { location, open, signal, silenceMs = SILENCE_MS } = read;
  const silence = new AbortController();
  const listen = () => setTimeout(() => silence.abort(new Error(`silent for ${silenceMs / 1000} seconds`)), silenceMs);
  let timer = listen();
  try {
    const { body, bytes } = await open(at, signal ? AbortSignal.any([signal, silence.signal]) : silence.signal);
    let left = bytes ?? Number.POSITIVE_INFINITY;
    for await (const chunk of body) {
      left -= chunk.length;
      if (left < 0) throw new LongAnswerError(location);
      // As long as we have the chunk, perhaps because our database is away, the server cannot send.
      clearTimeout(timer);
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      timer = listen();
    }
    if (bytes !== null && left > 0) throw new SourceUnavailableError(`${location} was cut off.`);
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
