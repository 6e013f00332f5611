/** Skips a test, or from `before` all of them, and says why: a run without a tool must not look like one that has it. */
export function skipBecause(context: Mocha.Context, why: string): never {
  console.log(`    skipped: ${why}`);
  return context.skip();
}
