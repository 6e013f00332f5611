import { useEffect, useMemo, useState } from "preact/hooks";
import { formatDay } from "../day.js";
import { ApiPanel } from "./api-panel.js";
import { Figures } from "./figures.js";
import { NoPrices } from "./no-prices.js";
import type { Question } from "./question.js";
import { RateChart } from "./rate-chart.js";
import { RateTable } from "./rate-table.js";
import { LEAST_PRICES, type RatesAnswer } from "./rates.js";

interface ResultProps {
  /** The latest answer. While the next one is loading, the previous one. */
  readonly answer: RatesAnswer | undefined;
  readonly loading: boolean;
  readonly question: Question;
  readonly route: string;
  readonly onChange: (change: Partial<Question>) => void;
}

/** Shows an answer: figures, chart, table and how to get it from the API. If the range has no prices, it says so. */
export function Result({ answer, loading, question, route, onChange }: ResultProps) {
  const [pointed, setPointed] = useState<number | null>(null);
  useEffect(() => setPointed(null), [answer]);
  const priced = useMemo(() => answer?.rates.some(({ count }) => count !== null), [answer]);
  const rated = useMemo(() => answer?.rates.some(({ price }) => price !== null), [answer]);

  if (!answer) return <div class="waiting" aria-hidden="true" />;
  if (!priced && !loading) return <NoPrices question={question} route={route} onChange={onChange} />;

  const { dateFrom, dateTo } = answer.question;
  const summary = `Rates from ${route}, ${formatDay(dateFrom)} to ${formatDay(dateTo)}`;
  return (
    <div class={`result ${loading ? "result-old" : ""}`} aria-busy={loading}>
      <p class="on-paper-only">{summary}</p>
      <section class="drawing" aria-label="Chart">
        <Figures rates={answer.rates} pointed={pointed} />
        {!rated && (
          <p class="notice">
            No day of this range has the {LEAST_PRICES} prices that a rate needs. Try a region around one of the ports.
          </p>
        )}
        <RateChart rates={answer.rates} summary={summary} pointed={pointed} onPoint={setPointed} />
      </section>
      <div class="result-more">
        <RateTable caption={summary} rates={answer.rates} />
        <ApiPanel answer={answer} />
      </div>
    </div>
  );
}
