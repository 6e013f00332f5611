import { useCallback, useEffect, useState } from "preact/hooks";
import { type Problem, ProblemError } from "../api-client.js";
import { type BatchPage, isRunning, loadBatches } from "./batch.js";
import { type View, writeView } from "./view.js";

/**
 * Pause between two reads while a batch is running. Reading faster is useless, because progress is written about once a
 * second.
 */
const RUNNING_MS = 1_500;
const RESTING_MS = 10_000;
/** Pause after a failed read. The list stays unchanged meanwhile. */
const FAILED_MS = 4_000;

/** A page of the list of batches. It is updated while the tab is visible. */
export interface LiveBatches {
  readonly page: BatchPage | undefined;
  readonly problem: Problem | undefined;
  readonly refresh: () => void;
}

/** Loads the batches of a view. While one of them is running, it reads them again and again. */
export function useBatches(token: string, view: View): LiveBatches {
  const key = writeView(view);
  const [state, setState] = useState<{ page?: BatchPage; key?: string; problem?: Problem }>({});
  const [asked, setAsked] = useState(0);

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let timer: ReturnType<typeof setTimeout> | undefined;

    async function read() {
      clearTimeout(timer);
      let pauseMs = RESTING_MS;
      try {
        const page = await loadBatches(token, view, signal);
        setState({ page, key });
        if (page.batches.some((batch) => isRunning(batch) && !batch.awaits_publish)) pauseMs = RUNNING_MS;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ProblemError)) throw error;
        setState((before) => ({ ...(before.key === key && before), key, problem: error.problem }));
        pauseMs = FAILED_MS;
      }
      if (!document.hidden && !signal.aborted) timer = setTimeout(read, pauseMs);
    }

    // A hidden tab reads nothing. When it becomes visible again, it reads at once.
    const look = () => {
      clearTimeout(timer);
      if (!document.hidden) read();
    };
    document.addEventListener("visibilitychange", look);
    read();
    return () => {
      controller.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [token, key, asked]);

  return {
    page: state.key === key ? state.page : undefined,
    problem: state.key === key ? state.problem : undefined,
    refresh: useCallback(() => setAsked((count) => count + 1), []),
  };
}
