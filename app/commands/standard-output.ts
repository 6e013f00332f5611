import { fstatSync, writeFileSync } from "node:fs";
import { systemReason } from "../system-reason.js";
import { EXIT } from "./failure.js";

/**
 * If standard output cannot be written, as on a full disk, this reports it once and makes the process exit with 1. If
 * the reader closes the pipe, as `| head -1` does, this is no failure, and the command goes on. Errors of standard
 * error are ignored, because there is no other place to report them.
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
    // Node.js ignores a write that was cut short, such as the last one before a disk is full.
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

/** Writes until the stream accepts no more. {@link watchStandardStreams} reports the reason. */
export async function writeToStream(stream: NodeJS.WriteStream, chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of chunks) {
    const written = await new Promise((resolve) => stream.write(chunk, (error) => resolve(!error)));
    if (!written) return;
  }
}
