import { useEffect, useId, useRef } from "preact/hooks";

interface TokenFormProps {
  /** True if the service refused the last token. */
  readonly refused: boolean;
  readonly onToken: (token: string) => void;
}

/** Asks for the token that allows to see and change batches. */
export function TokenForm({ refused, onToken }: TokenFormProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);

  return (
    <form
      class="token"
      onSubmit={(event) => {
        event.preventDefault();
        const token = input.current?.value.trim();
        if (token) onToken(token);
      }}
    >
      <label for={id}>Access token</label>
      <div class="token-row">
        <input
          id={id}
          ref={input}
          type="password"
          autocomplete="off"
          required
          aria-invalid={refused ? true : undefined}
          aria-describedby={`${id}-about`}
        />
        <button type="submit" class="button button-main">
          Show batches
        </button>
      </div>
      {refused && (
        <p class="token-refused" role="alert">
          The service does not know this token.
        </p>
      )}
      <p class="token-about" id={`${id}-about`}>
        Lists of batches are for people who may change them. The token is one that the service was given in its{" "}
        <code>WRITE_TOKENS_FILE</code>, or that the demo printed at its start; this tab keeps it until it is closed.
      </p>
    </form>
  );
}
