import { spawn } from "node:child_process";
import { once } from "node:events";
import zlib from "node:zlib";

/** Reason for skipping a test that needs a zstd frame. */
export const NO_ZSTD = "neither Node.js nor a zstd on PATH compresses as zstd";

/**
 * Compresses as one zstd frame: with Node.js 22.15 or later, otherwise with the command `zstd`. Undefined if there is
 * neither.
 */
export async function compressZstd(text: string | Buffer): Promise<Buffer | undefined> {
  const { zstdCompressSync } = zlib as { zstdCompressSync?: (data: string | Buffer) => Buffer };
  if (zstdCompressSync) return zstdCompressSync(text);
  const child = spawn("zstd", ["-qc"], { stdio: ["pipe", "pipe", "ignore"] });
  const failed = once(child, "error").then(() => undefined);
  child.stdin.on("error", () => {});
  child.stdin.end(text);
  const read = async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  return Promise.race([failed, read()]);
}
