import { useMemo, useState } from "preact/hooks";
import { formatDay } from "../day.js";
import { ApiPanel } from "./api-panel.js";
import { ChartOptions } from "./chart/chart-options.js";
import { RateChart } from "./chart/rate-chart.js";
import { ZoomStrip } from "./chart/zoom-strip.js";
import { NoPrices } from "./no-prices.js";
import type { CompleteLane } from "./question/lane.js";
import type { Question } from "./question/question.js";
import type { DayRange } from "./question/range.js";
import type { Ask } from "./question/use-question.js";
import { RateTable } from "./rate-table.js";
import { LEAST_PRICES, type RatesAnswer } from "./series/rates.js";
import { viewOf } from "./series/view.js";
import { Figures } from "./summary/figures.js";

interface ResultProps {
  /** The latest answer. While the next one is loading, the previous one. */
  readonly answer: RatesAnswer | undefined;
  readonly loading: boolean;
  readonly question: Question;
  readonly nameOf: (lane: CompleteLane) => string;
  readonly ask: Ask;
}

/** Shows an answer: figures, chart, table and how to get it from the API. If the range has no prices, it says so. */
export function Result({ answer, loading, question, nameOf, ask }: ResultProps) {
  const { zoom, mean, indexed } = question;
  /** The days between the handles of the strip while one of them is dragged. */
  const [dragged, setDragged] = useState<DayRange>();
  const whole = useMemo(
    () => answer && viewOf(answer, { zoom: undefined, mean, indexed: false, nameOf }),
    [answer, nameOf, mean],
  );
  const view = useMemo(
    () => answer && viewOf(answer, { zoom: dragged ?? zoom, mean, indexed, nameOf }),
    [answer, nameOf, dragged, zoom?.dateFrom, zoom?.dateTo, mean, indexed],
  );

  if (!answer || !view || !whole) return <div class="waiting" aria-hidden="true" />;
  if (answer.lanes.length === 0) return loading ? <div class="waiting" aria-hidden="true" /> : null;
  const priced = whole.lanes.some(({ rates }) => rates.some(({ count }) => count !== null));
  if (!priced && !loading) return <NoPrices question={question} days={answer.days} nameOf={nameOf} ask={ask} />;

  const routes = view.lanes.map(({ name }) => name).join(", ");
  const summary = `Rates from ${routes}, ${formatDay(view.days.dateFrom)} to ${formatDay(view.days.dateTo)}`;
  const rated = view.lanes.some(({ rates }) => rates.some(({ price }) => price !== null));
  const isZoomed = view.days !== answer.days;
  const zoomTo = (days: DayRange | undefined, how?: "push" | "replace") => {
    setDragged(undefined);
    ask({ zoom: days }, how);
  };
  return (
    <div class={`result ${loading ? "result-old" : ""}`} aria-busy={loading}>
      <p class="on-paper-only">{summary}</p>
      <section class="drawing" aria-label="Chart">
        <Figures view={view} />
        {!rated && (
          <p class="notice">
            No day of this range has the {LEAST_PRICES} prices that a rate needs. Try a region around one of the ports.
          </p>
        )}
        <ChartOptions question={question} view={view} isZoomed={isZoomed} ask={ask} />
        <RateChart view={view} summary={summary} onZoom={zoomTo} />
        <ZoomStrip whole={whole} shown={view.days} onDrag={setDragged} onZoom={zoomTo} />
      </section>
      <div class={`result-more ${view.lanes.length * (mean ? 2 : 1) > 2 ? "result-wide" : ""}`}>
        <RateTable caption={summary} view={view} />
        <ApiPanel answer={answer} view={view} question={question} />
      </div>
    </div>
  );
}
