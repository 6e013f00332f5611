import { useId, useRef, useState } from "preact/hooks";
import { type Problem, ProblemError } from "../api-client.js";
import { ProblemNotice } from "../problem-notice.js";
import { type Question, writeQuestion } from "./question.js";
import { loadCsv, type RatesAnswer } from "./rates.js";

interface ApiPanelProps {
  readonly answer: RatesAnswer;
}

/** Shows how to get the same answer directly from the API. */
export function ApiPanel({ answer }: ApiPanelProps) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const address = `${location.origin}/rates${writeQuestion(answer.question)}`;

  async function copy() {
    field.current?.select();
    try {
      // Browsers allow the clipboard only on https and localhost. Otherwise the address stays selected, so that the
      // visitor can copy it.
      await navigator.clipboard.writeText(address);
      setSaid("Copied");
    } catch {
      setSaid("Selected: press Ctrl+C or ⌘C");
    }
    setTimeout(() => setSaid(""), 4000);
  }

  async function download() {
    setProblem(undefined);
    try {
      save(await loadCsv(answer.question), fileName(answer.question));
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      setProblem(error.problem);
    }
  }

  return (
    <aside class="panel" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>The same from the API</h2>
      <label class="panel-label" for={id}>
        Address
      </label>
      <div class="panel-copy">
        <input id={id} ref={field} readOnly value={address} onFocus={(event) => event.currentTarget.select()} />
        <button type="button" class="button" onClick={copy}>
          Copy
        </button>
      </div>
      <p class="panel-said" role="status">
        {said}
      </p>
      <div class="panel-links">
        <button type="button" class="button" onClick={download}>
          Download CSV
        </button>
        <a href={address}>Open JSON</a>
        <a href="/docs">API guide</a>
      </div>
      {problem && <ProblemNotice problem={problem} onRetry={download} />}
      <p class="panel-note">
        A rate is the mean of a day’s prices, in US dollars for one container. A day with fewer than three prices has no
        rate.
        {answer.datasetVersion && ` Dataset version ${answer.datasetVersion}.`}
      </p>
    </aside>
  );
}

function fileName({ origin, destination, dateFrom, dateTo }: Question): string {
  return `rates_${origin}_${destination}_${dateFrom}_${dateTo}.csv`;
}

function save(file: Blob, name: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
