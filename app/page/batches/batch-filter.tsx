import { useId } from "preact/hooks";
import { batchStates } from "../../batches/batch-state.js";
import { STATE_WORDS } from "./state-mark.js";
import { readView, type View } from "./view.js";

interface BatchFilterProps {
  readonly view: View;
  readonly onView: (view: View) => void;
}

/**
 * Filters by feed and state. It applies only when the form is sent: with a keyboard, a user passes every state in the
 * list on the way to the wanted one.
 */
export function BatchFilter({ view, onView }: BatchFilterProps) {
  const id = useId();
  const { feed = "", state = "" } = view;
  return (
    <search>
      <form
        // The new key makes new fields. After "back", fields that a user has changed would keep the old values.
        key={`${feed} ${state}`}
        class="filter"
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget) as unknown as Iterable<[string, string]>;
          onView(readView(new URLSearchParams([...given]).toString()));
        }}
      >
        <div class="filter-field">
          <label for={`${id}-feed`}>Feed</label>
          <input id={`${id}-feed`} name="feed" maxLength={200} autocomplete="off" defaultValue={feed} />
        </div>
        <div class="filter-field">
          <label for={`${id}-state`}>State</label>
          <select id={`${id}-state`} name="state">
            <option value="">Any</option>
            {batchStates.map((known) => (
              <option key={known} value={known} selected={known === state}>
                {STATE_WORDS[known]}
              </option>
            ))}
          </select>
        </div>
        <button type="submit" class="button">
          Filter
        </button>
        {(feed || state) && (
          <button type="button" class="button" onClick={() => onView({})}>
            Show all
          </button>
        )}
      </form>
    </search>
  );
}
