import { useEffect } from "preact/hooks";
import { formatDay } from "../day.js";
import { ProblemNotice } from "../problem-notice.js";
import { useLoaded } from "../use-loaded.js";
import { DateRange } from "./date-range.js";
import { Invitation } from "./invitation.js";
import { mistakesOf } from "./mistakes.js";
import { PlaceField } from "./place-field.js";
import { loadPlaces, type Place } from "./places.js";
import { type Question, writeQuestion } from "./question.js";
import { loadRates } from "./rates.js";
import { Result } from "./result.js";
import { useQuestion } from "./use-question.js";

const NO_PLACES: readonly Place[] = [];

/** The page of rates: the question, and the answer to it. */
export function RatesPage() {
  const [question, ask] = useQuestion();
  const places = useLoaded("places", loadPlaces);
  const complete = question.origin !== undefined && question.destination !== undefined;
  const answer = useLoaded(complete ? writeQuestion(question) : undefined, (signal) => loadRates(question, signal));

  const known = places.value ?? NO_PLACES;
  const nameOf = (code: string | undefined) => known.find((place) => place.code === code)?.name ?? code ?? "";
  const route = `${nameOf(question.origin)} to ${nameOf(question.destination)}`;
  useEffect(() => {
    document.title = complete ? `${route} · ratesapp` : "Container rates · ratesapp";
  }, [complete, route]);

  const mistakes = mistakesOf(answer.problem, question);
  return (
    <>
      <form class="question" aria-label="Question" onSubmit={(event) => event.preventDefault()}>
        <div class="route">
          <PlaceField
            label="From"
            places={known}
            code={question.origin}
            mistake={mistakes?.origin}
            onPick={(origin) => ask({ origin })}
          />
          <button
            type="button"
            class="swap"
            aria-label="Swap origin and destination"
            onClick={() => ask({ origin: question.destination, destination: question.origin })}
          >
            <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
              <path d="M3 6h11m-3-3 3 3-3 3M15 12H4m3-3-3 3 3 3" />
            </svg>
          </button>
          <PlaceField
            label="To"
            places={known}
            code={question.destination}
            mistake={mistakes?.destination}
            onPick={(destination) => ask({ destination })}
          />
        </div>
        <DateRange question={question} mistakes={mistakes} onChange={ask} />
      </form>

      {places.problem && <ProblemNotice problem={places.problem} onRetry={places.retry} />}
      {answer.problem && !mistakes && <ProblemNotice problem={answer.problem} onRetry={answer.retry} />}
      {!complete && places.value && <Invitation places={places.value} question={question} onPick={ask} />}
      {complete && !answer.problem && (
        <Result answer={answer.value} loading={answer.loading} question={question} route={route} onChange={ask} />
      )}
      <p class="unseen" role="status">
        {answer.loading ? "" : announce(answer.value?.question, route)}
      </p>
    </>
  );
}

function announce(question: Question | undefined, route: string): string {
  return question ? `Rates from ${route}, ${formatDay(question.dateFrom)} to ${formatDay(question.dateTo)}` : "";
}
