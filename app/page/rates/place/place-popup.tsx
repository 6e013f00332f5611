import type { RefObject } from "preact";
import { PlaceAbout } from "./place-about.js";
import { otherNameFor } from "./place-search.js";
import type { Place } from "./places.js";
import { MOST_OPTIONS } from "./use-combobox.js";

interface PlacePopupProps {
  /** Id of the field. The ids of the list and its options begin with it. */
  readonly id: string;
  readonly label: string;
  readonly shown: boolean;
  readonly list: RefObject<HTMLDivElement | null>;
  readonly found: readonly Place[];
  /** Code of the chosen place. */
  readonly code: string | undefined;
  /** Index of the option that the arrow keys have reached; -1 for none. */
  readonly active: number;
  readonly typed: string | undefined;
  readonly onPick: (place: Place) => void;
}

/** The listbox of a place field, with a note if it does not show all places. */
export function PlacePopup({ id, label, shown, list, found, code, active, typed, onPick }: PlacePopupProps) {
  const options = found.slice(0, MOST_OPTIONS);
  return (
    <div class="place-popup" hidden={!shown}>
      <div class="place-list" id={`${id}-list`} ref={list} role="listbox" aria-label={label}>
        {options.map((place, index) => (
          <PlaceOption
            key={place.code}
            id={`${id}-option-${index}`}
            place={place}
            picked={place.code === code}
            active={index === active}
            typed={typed?.trim() ?? ""}
            onPick={() => onPick(place)}
          />
        ))}
      </div>
      {shown && found.length === 0 && <p class="place-none">No port or region matches “{typed}”.</p>}
      {found.length > options.length && (
        <p class="place-none">{found.length - options.length} more: type to narrow them down.</p>
      )}
    </div>
  );
}

interface PlaceOptionProps {
  readonly id: string;
  readonly place: Place;
  readonly picked: boolean;
  /** True if the arrow keys have reached this option. */
  readonly active: boolean;
  /** What is typed. Without anything, the option is indented under its regions. */
  readonly typed: string;
  readonly onPick: () => void;
}

/** One place in the listbox. A press must not move the focus away from the input, because that would close the list. */
function PlaceOption({ id, place, picked, active, typed, onPick }: PlaceOptionProps) {
  const asTree = !typed;
  const otherName = asTree ? undefined : otherNameFor(place, typed);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys arrive at the input, which keeps the focus
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={picked}
      class={`place-option place-${place.kind} ${active ? "place-active" : ""}`}
      style={asTree ? { paddingInlineStart: `${14 + 16 * place.around.length}px` } : undefined}
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onPick}
    >
      <span class="place-name">
        {place.name}
        {otherName && <span class="place-other"> ({otherName})</span>}
      </span>
      <PlaceAbout place={place} brief={asTree} />
    </div>
  );
}
