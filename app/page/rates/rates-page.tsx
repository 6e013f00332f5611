import { useCallback, useEffect } from "preact/hooks";
import { formatDay, today } from "../day.js";
import { ProblemNotice } from "../problem-notice.js";
import { useLoaded } from "../use-loaded.js";
import { mistakesOf } from "./form/mistakes.js";
import { QuestionForm } from "./form/question-form.js";
import { Invitation } from "./invitation.js";
import { loadPlaces, type Place } from "./place/places.js";
import { type CompleteLane, isComplete, writeLane } from "./question/lane.js";
import { type DayRange, daysOf } from "./question/range.js";
import { useQuestion } from "./question/use-question.js";
import { Result } from "./result.js";
import { loadLanes } from "./series/rates.js";

const NO_PLACES: readonly Place[] = [];

/** The page of rates: the question, and the answer to it. */
export function RatesPage() {
  const [question, ask] = useQuestion();
  const places = useLoaded("places", loadPlaces);
  const days = daysOf(question.range, today());
  const lanes = question.lanes.filter(isComplete);
  const asked = question.lanes.map((lane, position) => (isComplete(lane) ? [position + writeLane(lane)] : []));
  const key = [days.dateFrom, days.dateTo, ...asked.flat()].join(" ");
  const answer = useLoaded(lanes.length > 0 ? key : undefined, (signal) => loadLanes(question.lanes, days, signal));

  const known = places.value ?? NO_PLACES;
  const nameOf = useCallback(
    ({ origin, destination }: CompleteLane) => {
      const name = (code: string) => known.find((place) => place.code === code)?.name ?? code;
      return `${name(origin)} to ${name(destination)}`;
    },
    [known],
  );
  const routes = lanes.map(nameOf).join(", ");
  useEffect(() => {
    document.title = routes ? `${routes} · ratesapp` : "Container rates · ratesapp";
  }, [routes]);

  const problems = answer.loading ? [] : (answer.value?.problems ?? []);
  const mistakes = question.lanes.map((lane, position) => {
    const found = problems.find((of) => of.position === position);
    return found && mistakesOf(found.problem, { ...lane, ...days });
  });
  // The same problem of several lanes, such as no connection, is said once.
  const unplaced = problems.find(({ position }) => !mistakes[position]);
  return (
    <>
      <QuestionForm question={question} days={days} places={known} mistakes={mistakes} ask={ask} />
      {places.problem && <ProblemNotice problem={places.problem} onRetry={places.retry} />}
      {unplaced && <ProblemNotice problem={unplaced.problem} onRetry={answer.retry} />}
      {lanes.length === 0 && places.value && <Invitation places={places.value} question={question} ask={ask} />}
      {lanes.length > 0 && (
        <Result answer={answer.value} loading={answer.loading} question={question} nameOf={nameOf} ask={ask} />
      )}
      <p class="unseen" role="status">
        {answer.value && !answer.loading && answer.value.lanes.length > 0 ? announce(routes, answer.value.days) : ""}
      </p>
    </>
  );
}

function announce(routes: string, { dateFrom, dateTo }: DayRange): string {
  return `Rates from ${routes}, ${formatDay(dateFrom)} to ${formatDay(dateTo)}`;
}
