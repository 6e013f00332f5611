import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

/** A folder that is gone with the bench, also when that is stopped: it takes gigabytes. */
export function openTemporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "ratesapp-bench-"));
  // A Postgres that is told to end may still write.
  const clear = () => rmSync(path, { recursive: true, force: true, maxRetries: 10 });
  process.once("exit", clear);
  return {
    path,
    remove() {
      process.off("exit", clear);
      clear();
    },
  };
}
