import { useEffect, useId, useMemo, useRef } from "preact/hooks";
import { PlaceAbout } from "./place-about.js";
import { PlacePopup } from "./place-popup.js";
import type { Place } from "./places.js";
import { useCombobox } from "./use-combobox.js";

interface PlaceFieldProps {
  readonly label: string;
  /** Letter of the lane, if there are several. */
  readonly letter: string | undefined;
  readonly places: readonly Place[];
  /** Code of the chosen place. It may belong to no place, because an address can contain anything. */
  readonly code: string | undefined;
  readonly mistake: string | undefined;
  readonly onPick: (code: string) => void;
}

/**
 * An editable combobox with a listbox, as in the ARIA Authoring Practices: the focus stays in the input, and
 * `aria-activedescendant` follows the arrow keys. A native datalist would be less code, but it cannot show where a
 * place lies, and cannot find a place by its region.
 */
export function PlaceField({ label, letter, places, code, mistake, onPick }: PlaceFieldProps) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const picked = useMemo(() => places.find((place) => place.code === code), [places, code]);
  const { open, typed, active, found, openList, closeList, pick, type, onKeyDown } = useCombobox(places, code, onPick);

  useEffect(() => {
    if (open && active >= 0) list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [open, active, typed]);

  const described = [picked && !open ? `${id}-about` : "", mistake ? `${id}-mistake` : ""].join(" ").trim();
  return (
    <div class={`place ${mistake ? "place-wrong" : ""}`}>
      <label class="place-label" for={`${id}-input`}>
        {label}
      </label>
      <input
        id={`${id}-input`}
        class="place-input"
        role="combobox"
        aria-label={letter && `${label}, lane ${letter}`}
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && active >= 0 && active < found.length ? `${id}-option-${active}` : undefined}
        aria-invalid={mistake ? true : undefined}
        aria-describedby={described || undefined}
        placeholder="Port or region"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        enterkeyhint="done"
        value={typed ?? picked?.name ?? code ?? ""}
        onInput={(event) => type(event.currentTarget.value)}
        onFocus={(event) => event.currentTarget.select()}
        onClick={openList}
        onBlur={closeList}
        onKeyDown={onKeyDown}
      />
      <p class="place-about" id={`${id}-about`}>
        {picked && typed === undefined ? <PlaceAbout place={picked} /> : "\u00a0"}
      </p>
      {mistake && (
        <p class="place-mistake" id={`${id}-mistake`} role="alert">
          {mistake}
        </p>
      )}
      <PlacePopup
        id={id}
        label={label}
        shown={open && places.length > 0}
        list={list}
        found={found}
        code={code}
        active={active}
        typed={typed}
        onPick={pick}
      />
      <p class="unseen" role="status">
        {open && typed ? `${found.length} ${found.length === 1 ? "place matches" : "places match"}` : ""}
      </p>
    </div>
  );
}
