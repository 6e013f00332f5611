import { ATTEMPTS, waitAfterAttempt } from "./attempts.js";
import { SourceChangedError, SourceError, SourceUnavailableError } from "./source-error.js";

/** A server that sends nothing for this long is taken to have vanished. */
const SILENCE_MS = 60_000;

/** An answer of a server: the bytes from the requested position on. */
export interface RangeAnswer {
  readonly body: AsyncIterable<Uint8Array>;
  /** Length of the body in bytes; null if the answer does not give it. */
  readonly bytes: number | null;
}

/** What to read, and how to request it again after the connection broke. */
export interface ResumingRead {
  /** The name of the source in messages. */
  readonly location: string;
  readonly from: number;
  /** The end, exclusive: bytes of an answer behind it are not read. Null if only the server knows the end. */
  readonly to: number | null;
  /**
   * False if the server gives no ranges. Then each attempt would start from the beginning of the source, so {@link
   * readResuming} does not go on after a break; the code that cuts the stream reads it again.
   */
  readonly ranges: boolean;
  /** Requests the bytes from `at` on. The signal also ends the body. */
  open(at: number, signal: AbortSignal): Promise<RangeAnswer>;
  readonly signal?: AbortSignal | undefined;
  /** Time after which a silent server is taken to have vanished; tests make it short. */
  readonly silenceMs?: number;
}

/**
 * Reads bytes from a server, exactly as many as were requested. After a broken connection, it goes on where the
 * connection broke.
 * @throws {SourceUnavailableError} if the connection broke, or the server was silent, in each of several attempts.
 * @throws {SourceChangedError} if the source gives no ranges and is longer than it was.
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
      // A server may answer with a shorter range than was requested. Then the next request asks for the rest.
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

/**
 * The server sent more bytes than it had announced. Then none of its bytes can be trusted, not even those that were
 * read before.
 */
class LongAnswerError extends SourceUnavailableError {
  constructor(location: string) {
    super(`${location} sent more bytes than it had announced.`);
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
      // The server cannot send while we still work on the chunk, perhaps because our database does not answer. So this
      // time does not count as silence.
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

/** The message of the cause of an error, because the error itself may say only "fetch failed" or the like. */
export function causeOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message ? cause.message : message;
}
