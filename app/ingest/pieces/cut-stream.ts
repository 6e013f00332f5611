import { MAX_LINE_BYTES } from "../parse/limits.js";

const LINE_FEED = 10;

/** Whole lines cut from a stream. */
export interface Cut {
  readonly number: number;
  /** Bytes of the stream that it stands for. */
  readonly from: number;
  readonly to: number;
  /** Its lines; of one over 1 MiB only a beginning that is over 1 MiB, too. */
  readonly lines: Buffer;
  /** To be called when nobody needs `lines` any more: the memory is used again. */
  release(): void;
}

/**
 * Cuts a stream into pieces of at most `pieceBytes`, each ending with a line break (a line longer than that makes a
 * longer piece). The same stream is cut in the same way each time; `knownEnds` are where an earlier stream cut it,
 * perhaps with another size.
 */
export async function* cutStream(
  chunks: AsyncIterable<Buffer>,
  pieceBytes: number,
  knownEnds: readonly number[] = [],
): AsyncGenerator<Cut> {
  // Room to see that a line is over 1 MiB, and for its line break.
  const capacity = Math.max(pieceBytes, MAX_LINE_BYTES + 4);
  const free: Buffer[] = [];
  let buffer: Buffer = Buffer.allocUnsafeSlow(capacity);
  let length = 0;
  let number = 0;
  let from = 0;
  let position = 0;
  // In a line over 1 MiB, whose other bytes are let go.
  let dropping = false;

  const cut = (lineBytes: number, to: number): Cut => {
    const full = buffer;
    buffer = free.pop() ?? Buffer.allocUnsafeSlow(Math.max(capacity, length - lineBytes));
    full.copy(buffer, 0, lineBytes, length);
    length -= lineBytes;
    const made = {
      number,
      from,
      to,
      lines: full.subarray(0, lineBytes),
      release: () => {
        if (full.length === capacity) free.push(full);
      },
    };
    number += 1;
    from = to;
    return made;
  };

  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      if (dropping) {
        const end = chunk.indexOf(LINE_FEED, at);
        const next = end === -1 ? chunk.length : end;
        position += next - at;
        at = next;
        if (end === -1) continue;
        dropping = false;
      }
      const knownEnd = knownEnds[number];
      let end = chunk.length;
      if (knownEnd !== undefined) end = Math.min(end, at + Math.max(0, knownEnd - position));
      else if (length < pieceBytes) end = Math.min(end, at + pieceBytes - length);
      else end = chunk.indexOf(LINE_FEED, at) + 1 || end;
      const taken = Math.min(end - at, buffer.length - length);
      chunk.copy(buffer, length, at, at + taken);
      length += taken;
      position += taken;
      at += taken;
      if (knownEnd !== undefined && position >= knownEnd) {
        yield cut(length, position);
      } else if (knownEnd === undefined ? length >= pieceBytes : length === buffer.length) {
        const lastBreak = buffer.subarray(0, length).lastIndexOf(LINE_FEED);
        if (lastBreak === -1) {
          dropping = length === buffer.length;
          if (dropping) length = MAX_LINE_BYTES + 3;
        } else if (knownEnd === undefined) {
          yield cut(lastBreak + 1, position - (length - lastBreak - 1));
        } else {
          buffer = Buffer.concat([buffer], buffer.length * 2);
        }
      }
    }
  }
  if (length > 0 || number === 0) yield cut(length, position);
}
