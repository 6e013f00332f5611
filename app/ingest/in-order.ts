/** A task of {@link runInOrder}, which may overlap with others. */
export interface Task {
  /** How many tasks may be under way at the same time as this task, including this task. */
  readonly atOnce: number;
  /** @param before resolves when all earlier tasks have ended. It never fails. */
  begin(before: Promise<void>): {
    /** The next task may begin when this promise resolves or fails; at once if it is not given. */
    readonly begun?: Promise<unknown>;
    readonly ended: Promise<void>;
  };
}

/**
 * Runs tasks that overlap. Each task begins after the earlier tasks have begun, and can wait until they have ended.
 * @param stop called with the error of the first task that fails, to end the others. No task begins afterwards.
 * @throws the error of the first task that failed, or of listing the tasks, once all tasks have ended.
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
