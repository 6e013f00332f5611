import { useEffect, useRef, useState } from "preact/hooks";
import { type Problem, ProblemError } from "../api-client.js";
import { type Day, formatDay } from "../day.js";
import { ProblemNotice } from "../problem-notice.js";
import { lengthOf, type Question, withLength, writeQuestion } from "./question.js";
import { findLatest } from "./rates.js";

interface NoPricesProps {
  readonly question: Question;
  readonly route: string;
  readonly onChange: (change: Partial<Question>) => void;
}

type Search = { state: "idle" | "searching" | "nothing" } | { state: "failed"; problem: Problem };

/** Shown if a range has no prices at all. It offers to go to the latest day with prices. */
export function NoPrices({ question, route, onChange }: NoPricesProps) {
  const [search, setSearch] = useState<Search>({ state: "idle" });
  const running = useRef<AbortController | undefined>(undefined);
  const key = writeQuestion(question);

  useEffect(() => {
    setSearch({ state: "idle" });
    return () => running.current?.abort();
  }, [key]);

  async function find() {
    const controller = new AbortController();
    running.current = controller;
    setSearch({ state: "searching" });
    try {
      const day: Day | undefined = await findLatest(question, controller.signal);
      if (day) onChange(withLength({ ...question, dateTo: day }, lengthOf(question) ?? 1));
      else setSearch({ state: "nothing" });
    } catch (error) {
      if (controller.signal.aborted) return;
      if (!(error instanceof ProblemError)) throw error;
      setSearch({ state: "failed", problem: error.problem });
    }
  }

  return (
    <section class="blank" aria-label="No prices">
      <h2>No prices in this range</h2>
      <p>
        Nothing is known from {route} between {formatDay(question.dateFrom)} and {formatDay(question.dateTo)}.
      </p>
      {search.state === "nothing" ? (
        <p>Nor in the ten years before. Try a region around one of the ports.</p>
      ) : (
        <button type="button" class="button button-main" disabled={search.state === "searching"} onClick={find}>
          {search.state === "searching" ? "Looking…" : "Go to the latest prices"}
        </button>
      )}
      {search.state === "failed" && <ProblemNotice problem={search.problem} onRetry={find} />}
    </section>
  );
}
