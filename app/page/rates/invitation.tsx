import type { Place } from "./place/places.js";
import { type Question, writeQuestion } from "./question/question.js";
import type { Ask } from "./question/use-question.js";

interface InvitationProps {
  readonly places: readonly Place[];
  readonly question: Question;
  readonly ask: Ask;
}

/** Shown until both places are chosen: it says what to do, and offers a few questions that probably have an answer. */
export function Invitation({ places, question, ask }: InvitationProps) {
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
  const [lane] = question.lanes;
  const examples = lane?.origin || lane?.destination ? [] : likely(places);
  return (
    <section class="blank">
      <h2>{lane?.origin ? "Where to?" : "Where from, and where to?"}</h2>
      <p>Pick ports or whole regions above to see what a container costs between them, day by day.</p>
      {examples.length > 0 && (
        <ul class="examples" aria-label="Examples">
          {examples.map(([from, to]) => {
            const lanes = [{ origin: from.code, destination: to.code }];
            return (
              <li key={`${from.code} ${to.code}`}>
                <a
                  href={writeQuestion({ ...question, lanes })}
                  onClick={(event) => {
                    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                    event.preventDefault();
                    ask({ lanes });
                  }}
                >
                  {from.name} <span aria-hidden="true">→</span>
                  <span class="unseen">to</span> {to.name}
                </a>
              </li>
            );
          })}
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
