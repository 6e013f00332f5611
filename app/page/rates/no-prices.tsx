import { useEffect, useRef, useState } from "preact/hooks";
import { type Problem, ProblemError } from "../api-client.js";
import { type Day, formatDay } from "../day.js";
import { ProblemNotice } from "../problem-notice.js";
import { type CompleteLane, isComplete } from "./question/lane.js";
import { type Question, writeQuestion } from "./question/question.js";
import { type DayRange, lengthOf, upTo } from "./question/range.js";
import type { Ask } from "./question/use-question.js";
import { findLatest } from "./series/rates.js";

interface NoPricesProps {
  readonly question: Question;
  readonly days: DayRange;
  readonly nameOf: (lane: CompleteLane) => string;
  readonly ask: Ask;
}

type Search = { state: "idle" | "searching" | "nothing" } | { state: "failed"; problem: Problem };

/** Shown if a range has no prices at all. It offers to go to the latest day with prices. */
export function NoPrices({ question, days, nameOf, ask }: NoPricesProps) {
  const [search, setSearch] = useState<Search>({ state: "idle" });
  const running = useRef<AbortController | undefined>(undefined);
  const lanes = question.lanes.filter(isComplete);
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
      const day: Day | undefined = await findLatest(lanes, days.dateTo, controller.signal);
      if (day) ask({ range: upTo(day, lengthOf(days) ?? 1), zoom: undefined });
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
        Nothing is known from {lanes.map(nameOf).join(", or from ")} between {formatDay(days.dateFrom)} and{" "}
        {formatDay(days.dateTo)}.
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
