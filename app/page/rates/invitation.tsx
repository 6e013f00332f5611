import type { Place } from "./places.js";
import { type Question, writeQuestion } from "./question.js";

interface InvitationProps {
  readonly places: readonly Place[];
  readonly question: Question;
  readonly onPick: (change: Partial<Question>) => void;
}

/** Shown until both places are chosen: it says what to do, and offers a few questions that probably have an answer. */
export function Invitation({ places, question, onPick }: InvitationProps) {
  if (places.length === 0) {
    return (
      <section class="blank">
        <h2>No places yet</h2>
        <p>
          Import them with <code>ratesapp places import --ports FILE --regions FILE</code>, then load this page again.
        </p>
      </section>
    );
  }
  const examples = question.origin || question.destination ? [] : likely(places);
  return (
    <section class="blank">
      <h2>{question.origin ? "Where to?" : "Where from, and where to?"}</h2>
      <p>Pick ports or whole regions above to see what a container costs between them, day by day.</p>
      {examples.length > 0 && (
        <ul class="examples" aria-label="Examples">
          {examples.map(([from, to]) => (
            <li key={`${from.code} ${to.code}`}>
              <a
                href={writeQuestion({ ...question, origin: from.code, destination: to.code })}
                onClick={(event) => {
                  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                  event.preventDefault();
                  onPick({ origin: from.code, destination: to.code });
                }}
              >
                {from.name} <span aria-hidden="true">→</span>
                <span class="unseen">to</span> {to.name}
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Pairs of the three largest top-level regions. More ports mean more prices. */
function likely(places: readonly Place[]): [Place, Place][] {
  const [a, b, c] = places
    .filter(({ kind, around }) => kind === "region" && around.length === 0)
    .sort((one, other) => other.ports - one.ports);
  if (!a || !b) return [];
  return [[a, b], [b, a], ...(c ? ([[a, c]] satisfies [Place, Place][]) : [])];
}
