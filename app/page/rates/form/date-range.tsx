import { useEffect, useId, useState } from "preact/hooks";
import { type Day, isDay } from "../../day.js";
import type { DayRange, Range } from "../question/range.js";
import type { Mistakes } from "./mistakes.js";

interface DateRangeProps {
  readonly range: Range;
  /** The days of the range today. */
  readonly days: DayRange;
  readonly mistakes: Mistakes | undefined;
  readonly onChange: (range: Range) => void;
}

const PRESETS = [
  { last: "30d", name: "30 days" },
  { last: "90d", name: "90 days" },
  { last: "6m", name: "6 months" },
  { last: "1y", name: "1 year" },
  { last: "ytd", name: "This year" },
] as const;

/**
 * Inputs for the first and last day, and buttons for ranges up to today. A range that a button gives moves on with the
 * days; one with a day of the visitor's own does not.
 */
export function DateRange({ range, days, mistakes, onChange }: DateRangeProps) {
  const id = useId();
  return (
    <div class="dates">
      <DayInput
        label="First day"
        day={days.dateFrom}
        mistake={mistakes?.dateFrom}
        onChange={(dateFrom) => onChange({ ...days, dateFrom })}
      />
      <span class="dates-to" aria-hidden="true">
        –
      </span>
      <DayInput
        label="Last day"
        day={days.dateTo}
        mistake={mistakes?.dateTo}
        onChange={(dateTo) => onChange({ ...days, dateTo })}
      />
      <div class="presets">
        <p class="presets-label" id={id}>
          Up to today
        </p>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in line in every browser */}
        <div class="lengths" role="group" aria-labelledby={id}>
          {PRESETS.map(({ last, name }) => (
            <button
              type="button"
              key={last}
              aria-pressed={"last" in range && range.last === last}
              onClick={() => onChange({ last })}
            >
              {name}
            </button>
          ))}
        </div>
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
