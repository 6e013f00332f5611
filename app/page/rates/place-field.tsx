import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { searchPlaces } from "./place-search.js";
import type { Place } from "./places.js";

interface PlaceFieldProps {
  readonly label: string;
  readonly places: readonly Place[];
  /** Code of the place picked; it may name none, as an address can hold anything. */
  readonly code: string | undefined;
  readonly mistake: string | undefined;
  readonly onPick: (code: string) => void;
}

/** Options drawn at once. More would slow down each key press; a visitor types rather than scroll through so many. */
const MOST_OPTIONS = 200;

/**
 * An editable combobox with a listbox after the ARIA Authoring Practices: focus stays in the input and
 * `aria-activedescendant` follows the arrow keys. A native datalist would be less code, but it can neither show where
 * a place stands nor find it by its region.
 */
export function PlaceField({ label, places, code, mistake, onPick }: PlaceFieldProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  /** What is being typed; undefined while the field shows the place picked. */
  const [typed, setTyped] = useState<string>();
  const [active, setActive] = useState(-1);

  const picked = useMemo(() => places.find((place) => place.code === code), [places, code]);
  const found = useMemo(() => (open ? searchPlaces(places, typed ?? "") : []), [places, typed, open]);
  const options = found.slice(0, MOST_OPTIONS);
  const asTree = !typed?.trim();

  useEffect(() => {
    if (open && active >= 0) list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [open, active, typed]);

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
      // Leaving with Tab takes the option in sight if something was typed for it, as a native select does.
      if (event.key === "Tab" && chosen && typed) pick(chosen);
      return;
    }
    event.preventDefault();
  }

  const described = [picked && !open ? `${id}-about` : "", mistake ? `${id}-mistake` : ""].join(" ").trim();
  return (
    <div class={`place ${mistake ? "place-wrong" : ""}`}>
      <label class="place-label" for={`${id}-input`}>
        {label}
      </label>
      <input
        ref={input}
        id={`${id}-input`}
        class="place-input"
        role="combobox"
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && active >= 0 ? `${id}-option-${active}` : undefined}
        aria-invalid={mistake ? true : undefined}
        aria-describedby={described || undefined}
        placeholder="Port or region"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        enterkeyhint="done"
        value={typed ?? picked?.name ?? code ?? ""}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setOpen(true);
          setActive(event.currentTarget.value.trim() ? 0 : -1);
        }}
        onFocus={(event) => event.currentTarget.select()}
        onClick={openList}
        onBlur={closeList}
        onKeyDown={onKeyDown}
      />
      <p class="place-about" id={`${id}-about`}>
        {picked && typed === undefined ? <PlaceAbout place={picked} /> : "\u00a0"}
      </p>
      {mistake && (
        <p class="place-mistake" id={`${id}-mistake`}>
          {mistake}
        </p>
      )}
      <div class="place-popup" hidden={!open || places.length === 0}>
        <div class="place-list" id={`${id}-list`} ref={list} role="listbox" aria-label={label}>
          {options.map((place, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: keys arrive at the input, which keeps the focus
            <div
              key={place.code}
              id={`${id}-option-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={place.code === code}
              class={`place-option place-${place.kind} ${index === active ? "place-active" : ""}`}
              style={asTree ? { paddingInlineStart: `${14 + 16 * place.around.length}px` } : undefined}
              onPointerDown={(event) => event.preventDefault()}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => pick(place)}
            >
              <span class="place-name">{place.name}</span>
              <PlaceAbout place={place} brief={asTree} />
            </div>
          ))}
        </div>
        {open && found.length === 0 && <p class="place-none">No port or region matches “{typed}”.</p>}
        {found.length > options.length && (
          <p class="place-none">{found.length - options.length} more: type to narrow them down.</p>
        )}
      </div>
      <p class="unseen" role="status">
        {open && typed ? `${found.length} ${found.length === 1 ? "place matches" : "places match"}` : ""}
      </p>
    </div>
  );
}

interface PlaceAboutProps {
  readonly place: Place;
  /** Without the regions around it, where the tree already shows them. */
  readonly brief?: boolean;
}

/** `CNSGH · China Main`, `18 ports · Northern Europe` */
function PlaceAbout({ place, brief }: PlaceAboutProps) {
  const about = place.kind === "port" ? place.code : `${place.ports} ${place.ports === 1 ? "port" : "ports"}`;
  return (
    <span class="place-where">
      <span class={place.kind === "port" ? "place-code" : "place-count"}>{about}</span>
      {!brief && place.around.length > 0 && <span class="place-around"> · {place.around.join(", ")}</span>}
    </span>
  );
}
