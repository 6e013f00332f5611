import { useMemo, useState } from "preact/hooks";
import { searchPlaces } from "./place-search.js";
import type { Place } from "./places.js";

/**
 * Number of options to draw at most. More would make each key press slow, and a visitor types rather than scrolls
 * through so many.
 */
export const MOST_OPTIONS = 200;

/**
 * What a place field shows, and how it reacts to keys and the pointer.
 * @param code code of the chosen place
 */
export function useCombobox(places: readonly Place[], code: string | undefined, onPick: (code: string) => void) {
  const [open, setOpen] = useState(false);
  /** The text that is being typed; undefined while the field shows the chosen place. */
  const [typed, setTyped] = useState<string>();
  const [active, setActive] = useState(-1);

  const found = useMemo(() => (open ? searchPlaces(places, typed ?? "") : []), [places, typed, open]);
  const options = found.slice(0, MOST_OPTIONS);

  function openList() {
    if (open) return;
    setOpen(true);
    setActive(places.slice(0, MOST_OPTIONS).findIndex((place) => place.code === code));
  }

  function closeList() {
    setOpen(false);
    setTyped(undefined);
    setActive(-1);
  }

  function pick(place: Place) {
    closeList();
    if (place.code !== code) onPick(place.code);
  }

  function step(by: 1 | -1) {
    if (!open) openList();
    else if (options.length > 0) {
      setActive(active < 0 && by < 0 ? options.length - 1 : (active + by + options.length) % options.length);
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    const chosen = open ? options[active] : undefined;
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp" && event.altKey) closeList();
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Escape" && open) closeList();
    else if (event.key === "Enter" && chosen) pick(chosen);
    else {
      // Like a native select, Tab takes the highlighted option, if text was typed.
      if (event.key === "Tab" && chosen && typed) pick(chosen);
      return;
    }
    event.preventDefault();
  }

  function type(text: string) {
    setTyped(text);
    setOpen(true);
    setActive(text.trim() ? 0 : -1);
  }

  return { open, typed, active, found, openList, closeList, pick, type, onKeyDown };
}
