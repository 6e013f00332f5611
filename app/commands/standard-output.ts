import { fstatSync, writeFileSync } from "node:fs";
import { systemReason } from "../system-reason.js";
import { EXIT } from "./failure.js";

/**
 * Says once that standard output cannot be written, as on a full disk, and ends with 1 then. When the reader has closed
 * the pipe, as `| head -1` does, that is no failure, and the command goes on. An error of standard error itself is
 * ignored: there is no other place to report it.
 */
export function watchStandardStreams(): void {
  process.stderr.on("error", () => {});
  let said = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || said) return;
    said = true;
    process.exitCode = EXIT.failed;
    console.error(`Standard output cannot be written: ${systemReason(error)}.`);
  });
  if (fstatSync(1).isFile()) {
    // Node.js takes no notice of a write that was cut short, as the last one is before a disk is full.
    process.stdout._write = (chunk: Buffer, _encoding, done) => {
      try {
        writeFileSync(1, chunk);
        done();
      } catch (error) {
        done(error as Error);
      }
    };
  }
}

/** Writes until the stream takes no more; {@link watchStandardStreams} says why it does not. */
export async function writeToStream(stream: NodeJS.WriteStream, chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of chunks) {
    const written = await new Promise((resolve) => stream.write(chunk, (error) => resolve(!error)));
    if (!written) return;
  }
}
