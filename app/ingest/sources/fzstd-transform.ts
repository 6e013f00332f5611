import { Transform } from "node:stream";
import { Decompress } from "fzstd";

/** zstd where Node.js has none (before 22.15): in JavaScript, about a fifth as fast. */
export function createFzstd(): Transform {
  let ended = false;
  const decompressor = new Decompress((chunk, last) => {
    ended = last === true;
    if (chunk.length > 0) transform.push(Buffer.from(chunk));
  });
  const transform = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        decompressor.push(chunk);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        decompressor.push(new Uint8Array(0), true);
        done(ended ? null : new Error("unexpected end of file"));
      } catch (error) {
        done(error as Error);
      }
    },
  });
  return transform;
}
