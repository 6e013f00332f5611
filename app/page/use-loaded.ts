import { useCallback, useEffect, useState } from "preact/hooks";
import { type Problem, ProblemError } from "./api-client.js";

/** A value that is read from the API. While it is read again, the previous value stays. */
export interface Loaded<T> {
  readonly value: T | undefined;
  readonly problem: Problem | undefined;
  readonly loading: boolean;
  readonly retry: () => void;
}

/**
 * Calls `load` whenever `key` changes. A read that is out of date is aborted, and its result is never shown. With an
 * undefined key, nothing is read and the value is undefined.
 */
export function useLoaded<T>(key: string | undefined, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ value?: T; problem?: Problem; settled?: string }>({});
  const [attempt, setAttempt] = useState(0);
  const wanted = key === undefined ? undefined : `${attempt} ${key}`;

  useEffect(() => {
    if (wanted === undefined) return setState({});
    const controller = new AbortController();
    load(controller.signal).then(
      (value) => setState({ value, settled: wanted }),
      (error) => {
        if (controller.signal.aborted) return;
        if (!(error instanceof ProblemError)) throw error;
        setState({ problem: error.problem, settled: wanted });
      },
    );
    return () => controller.abort();
  }, [wanted]);

  return {
    value: wanted === undefined ? undefined : state.value,
    problem: wanted === undefined ? undefined : state.problem,
    loading: wanted !== undefined && state.settled !== wanted,
    retry: useCallback(() => setAttempt((count) => count + 1), []),
  };
}
