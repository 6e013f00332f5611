import { formatDay } from "../../day.js";
import type { Question } from "../question/question.js";
import type { Ask } from "../question/use-question.js";
import type { View } from "../series/view.js";

interface ChartOptionsProps {
  readonly question: Question;
  readonly view: View;
  readonly isZoomed: boolean;
  readonly ask: Ask;
}

/** What stands beside the days on the chart, in which unit, and the way back from a zoom. */
export function ChartOptions({ question: { mean, indexed }, view, isZoomed, ask }: ChartOptionsProps) {
  return (
    <div class="options">
      <label>
        <input type="checkbox" checked={mean} onChange={(event) => ask({ mean: event.currentTarget.checked })} />
        7-day mean
      </label>
      <label>
        <input type="checkbox" checked={indexed} onChange={(event) => ask({ indexed: event.currentTarget.checked })} />
        Indexed to 100
      </label>
      <p class="options-zoom">
        {isZoomed ? (
          <>
            <span>
              {formatDay(view.days.dateFrom)} – {formatDay(view.days.dateTo)}
            </span>
            <button type="button" class="link" onClick={() => ask({ zoom: undefined })}>
              Whole range
            </button>
          </>
        ) : (
          <span class="options-hint">Drag across the chart to zoom</span>
        )}
      </p>
    </div>
  );
}
