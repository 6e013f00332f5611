import { useEffect, useRef } from "preact/hooks";
import type { Place } from "../place/places.js";
import { isComplete, type Lane, MOST_LANES } from "../question/lane.js";
import type { Question } from "../question/question.js";
import type { DayRange } from "../question/range.js";
import type { Ask } from "../question/use-question.js";
import { DateRange } from "./date-range.js";
import { LaneRow } from "./lane-row.js";
import type { Mistakes } from "./mistakes.js";

interface QuestionFormProps {
  readonly question: Question;
  /** The days of the question's range today. */
  readonly days: DayRange;
  readonly places: readonly Place[];
  /** Of each lane. */
  readonly mistakes: readonly (Mistakes | undefined)[];
  readonly ask: Ask;
}

/** The lanes and the days of the question. */
export function QuestionForm({ question, days, places, mistakes, ask }: QuestionFormProps) {
  const { lanes, range } = question;
  const form = useRef<HTMLFormElement>(null);
  const add = useRef<HTMLButtonElement>(null);
  const before = useRef(lanes.length);

  // The focus goes to what a new lane lacks, and is not lost with the button of a lane that is removed.
  useEffect(() => {
    const last = lanes[lanes.length - 1];
    if (lanes.length > before.current && last && !isComplete(last)) {
      const inputs = [...(form.current?.querySelectorAll<HTMLInputElement>(".place-input") ?? [])];
      inputs[inputs.length - (last.origin ? 1 : 2)]?.focus();
    }
    if (lanes.length < before.current && document.activeElement === document.body) add.current?.focus();
    before.current = lanes.length;
  }, [lanes.length]);

  const change = (position: number, lane: Lane) =>
    ask({ lanes: lanes.map((old, index) => (index === position ? lane : old)) });
  return (
    <form class="question" ref={form} aria-label="Question" onSubmit={(event) => event.preventDefault()}>
      {lanes.map((lane, position) => (
        <LaneRow
          key={position}
          lane={lane}
          position={position}
          places={places}
          mistakes={mistakes[position]}
          onChange={(changed) => change(position, changed)}
          onRemove={lanes.length > 1 ? () => ask({ lanes: lanes.filter((_, index) => index !== position) }) : undefined}
        />
      ))}
      {lanes.length < MOST_LANES && lanes.some(isComplete) && (
        <button
          type="button"
          class="add-lane"
          ref={add}
          onClick={() =>
            ask({ lanes: [...lanes, { origin: lanes[lanes.length - 1]?.origin, destination: undefined }] })
          }
        >
          <span aria-hidden="true">+ </span>
          {lanes.length === 1 ? "Compare with another lane" : "Add a lane"}
        </button>
      )}
      <DateRange
        range={range}
        days={days}
        mistakes={mistakes.find(Boolean)}
        onChange={(next) => ask({ range: next, zoom: undefined })}
      />
    </form>
  );
}
