import { useId, useRef, useState } from "preact/hooks";

interface CopyFieldProps {
  readonly label: string;
  readonly text: string;
}

/** A text to copy, such as an address. */
export function CopyField({ label, text }: CopyFieldProps) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState("");

  async function copy() {
    field.current?.select();
    try {
      // Browsers allow the clipboard only on https and localhost. Otherwise the address stays selected, so that the
      // visitor can copy it.
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("Selected: press Ctrl+C or ⌘C");
    }
    setTimeout(() => setSaid(""), 4000);
  }

  return (
    <div class="copy">
      <label class="panel-label" for={id}>
        {label}
      </label>
      <div class="panel-copy">
        <input id={id} ref={field} readOnly value={text} onFocus={(event) => event.currentTarget.select()} />
        <button type="button" class="button" aria-label={`Copy: ${label}`} onClick={copy}>
          Copy
        </button>
      </div>
      <p class="panel-said" role="status">
        {said}
      </p>
    </div>
  );
}
