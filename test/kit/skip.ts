import { execFile } from "node:child_process";

/**
 * Skips a test, or from `before` all tests, with a reason: a run without a tool must not look like a run with the tool.
 */
export function skipBecause(context: Mocha.Context, why: string): never {
  console.log(`    skipped: ${why}`);
  return context.skip();
}

/** Skips if one of these programs is not installed. */
export async function skipWithout(context: Mocha.Context, ...programs: readonly string[]): Promise<void> {
  for (const program of programs) {
    const found = await new Promise((resolve) => {
      execFile(program, ["--version"], (error) => resolve((error as NodeJS.ErrnoException | null)?.code !== "ENOENT"));
    });
    if (!found) skipBecause(context, `there is no ${program} on PATH`);
  }
}
