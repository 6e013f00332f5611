/** One of several tasks that overlap. */
export interface Task {
  /** How many may be under way while it is, itself included. */
  readonly atOnce: number;
  /** @param before resolves when those before it have ended; it never fails. */
  begin(before: Promise<void>): {
    /** When the next may begin, if not at once, whether it resolves or fails. */
    readonly begun?: Promise<unknown>;
    readonly ended: Promise<void>;
  };
}

/**
 * Runs tasks that overlap: each begins behind those before it, and can wait for their end.
 * @param stop called for the first that fails, to end the others; none begins after it.
 * @throws what the first threw, or what listing them throws, when all have ended.
 */
export async function runInOrder(tasks: AsyncIterable<Task>, stop: (error: unknown) => void): Promise<void> {
  const running = new Set<Promise<void>>();
  let mostAtOnce = Number.POSITIVE_INFINITY;
  let before = Promise.resolve();
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown) => {
    failure ??= { error };
    stop(error);
  };
  try {
    for await (const { atOnce, begin } of tasks) {
      while (running.size >= Math.min(mostAtOnce, atOnce)) await Promise.race(running);
      if (failure) break;
      mostAtOnce = atOnce;
      const { begun, ended } = begin(before);
      const settled: Promise<void> = ended.catch(fail).then(() => void running.delete(settled));
      running.add(settled);
      before = Promise.all([before, settled]).then(() => {});
      await begun?.catch(() => {});
    }
  } catch (error) {
    fail(error);
  }
  await Promise.all(running);
  if (failure) throw failure.error;
}
