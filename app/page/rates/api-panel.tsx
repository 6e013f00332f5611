import { useId } from "preact/hooks";
import { CopyField } from "./copy-field.js";
import { apiQuery, type Question, writeQuestion } from "./question/question.js";
import { lanesCsv } from "./series/lanes-csv.js";
import type { RatesAnswer } from "./series/rates.js";
import type { View } from "./series/view.js";

interface ApiPanelProps {
  readonly answer: RatesAnswer;
  readonly view: View;
  readonly question: Question;
}

/** How to keep what is shown: a link to the page, a file, and the addresses from which a program gets the same. */
export function ApiPanel({ answer, view: { days, lanes }, question }: ApiPanelProps) {
  const id = useId();
  const versions = [...new Set(answer.lanes.map(({ datasetVersion }) => datasetVersion))].filter(Boolean);
  return (
    <aside class="panel" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Share and reuse</h2>
      <CopyField label="Link to this page" text={`${location.origin}/${writeQuestion(question)}`} />
      {"last" in question.range && (
        <p class="panel-note">Opened later, the link shows the range up to that day. Choose days to keep these.</p>
      )}
      {lanes.map(({ lane, letter }) => (
        <CopyField
          key={letter}
          label={lanes.length === 1 ? "The same from the API" : `Lane ${letter} from the API`}
          text={`${location.origin}/rates${apiQuery(lane, days)}`}
        />
      ))}
      <div class="panel-links">
        <button type="button" class="button" onClick={() => save(lanesCsv(lanes), fileName({ days, lanes }))}>
          Download CSV
        </button>
        <a href="/docs">API guide</a>
      </div>
      <p class="panel-note">
        A rate is the mean of a day’s prices, in US dollars for one container. A day with fewer than three prices has no
        rate.
        {versions.length > 0 && ` Dataset version ${versions.join(" and ")}.`}
      </p>
    </aside>
  );
}

function fileName({ lanes, days: { dateFrom, dateTo } }: Pick<View, "lanes" | "days">): string {
  const codes = lanes.map(({ lane: { origin, destination } }) => `${origin}_${destination}`);
  return `rates_${[...codes, dateFrom, dateTo].join("_")}.csv`;
}

function save(csv: string, name: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
