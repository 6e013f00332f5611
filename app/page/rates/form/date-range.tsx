import { useEffect, useId, useState } from "preact/hooks";
import { type Day, isDay } from "../day.js";
import type { Mistakes } from "./mistakes.js";
import { lengthOf, type Question, withLength } from "./question.js";

interface DateRangeProps {
  readonly question: Question;
  readonly mistakes: Mistakes | undefined;
  readonly onChange: (change: Partial<Question>) => void;
}

const LENGTHS = [
  { days: 30, name: "30 days" },
  { days: 90, name: "90 days" },
  { days: 365, name: "1 year" },
] as const;

/** Inputs for the first and last day, and buttons for common lengths of a range that ends on the last day. */
export function DateRange({ question, mistakes, onChange }: DateRangeProps) {
  const length = lengthOf(question);
  return (
    <div class="dates">
      <DayInput
        label="First day"
        day={question.dateFrom}
        mistake={mistakes?.dateFrom}
        onChange={(dateFrom) => onChange({ dateFrom })}
      />
      <span class="dates-to" aria-hidden="true">
        –
      </span>
      <DayInput
        label="Last day"
        day={question.dateTo}
        mistake={mistakes?.dateTo}
        onChange={(dateTo) => onChange({ dateTo })}
      />
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in line in every browser */}
      <div class="lengths" role="group" aria-label="Length up to the last day">
        {LENGTHS.map(({ days, name }) => (
          <button
            type="button"
            key={days}
            aria-pressed={length === days}
            onClick={() => onChange(withLength(question, days))}
          >
            {name}
          </button>
        ))}
      </div>
    </div>
  );
}

interface DayInputProps {
  readonly label: string;
  readonly day: Day;
  readonly mistake: string | undefined;
  readonly onChange: (day: Day) => void;
}

/**
 * While a year is typed, a browser reports a day after each digit. This pause prevents questions about the years `0002`
 * and `0020`.
 */
const SETTLE_MS = 500;

function DayInput({ label, day, mistake, onChange }: DayInputProps) {
  const id = useId();
  const [edited, setEdited] = useState<Day>();

  function settle() {
    if (edited === undefined) return;
    setEdited(undefined);
    if (isDay(edited) && edited !== day) onChange(edited);
  }

  useEffect(() => {
    if (edited === undefined || !isDay(edited) || edited < "1900") return;
    const timer = setTimeout(settle, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [edited]);

  return (
    <div class="day">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="date"
        value={edited ?? day}
        aria-invalid={mistake ? true : undefined}
        aria-describedby={mistake ? `${id}-mistake` : undefined}
        onInput={(event) => setEdited(event.currentTarget.value)}
        onBlur={settle}
      />
      {mistake && (
        <p class="day-mistake" id={`${id}-mistake`} role="alert">
          {mistake}
        </p>
      )}
    </div>
  );
}
