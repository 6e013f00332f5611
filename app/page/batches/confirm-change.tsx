import { useEffect, useRef, useState } from "preact/hooks";
import { type Problem, ProblemError } from "../api-client.js";
import { ProblemNotice } from "../problem-notice.js";
import { formatCount } from "./amount.js";
import { type Batch, type BatchAction, changeBatch } from "./batch.js";

interface ConfirmChangeProps {
  readonly batch: Batch;
  readonly action: BatchAction;
  readonly token: string;
  /** Called when the dialog closes. `changed` is true if the service has changed the batch. */
  readonly onClose: (changed: boolean) => void;
}

/**
 * Asks the user before a batch is changed, and changes it. If the service refuses, the dialog stays open with the
 * reason.
 */
export function ConfirmChange({ batch, action, token, onClose }: ConfirmChangeProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const running = useRef<AbortController | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  useEffect(() => {
    dialog.current?.showModal();
    return () => running.current?.abort();
  }, []);

  async function confirm() {
    const controller = new AbortController();
    running.current = controller;
    setBusy(true);
    setProblem(undefined);
    try {
      await changeBatch(token, batch, action, controller.signal);
      onClose(true);
    } catch (error) {
      if (controller.signal.aborted) return;
      if (!(error instanceof ProblemError)) throw error;
      setProblem(error.problem);
      setBusy(false);
    }
  }

  const rows = formatCount(batch.rows.loaded, "price", "prices");
  const { label, effect, replaced, bad } = {
    publish: {
      label: "Publish",
      effect: `Its ${rows} appear in every answer at once. It can be retracted later.${
        batch.awaits_publish ? " Nothing more can be sent to it." : ""
      }`,
      replaced: " Earlier prices of this feed for the same days are hidden.",
      bad: false,
    },
    retract: {
      label: "Retract",
      effect: `Its ${rows} leave every answer at once. It can be published again later.`,
      replaced: " The prices that it replaced come back.",
      bad: true,
    },
    fail: {
      label: "Stop",
      effect: `It fails, and its ${rows} are deleted. No answer changes.`,
      replaced: "",
      bad: true,
    },
  }[action];
  return (
    <dialog ref={dialog} class="confirm" aria-labelledby="confirm-title" onClose={() => onClose(false)}>
      <h2 id="confirm-title">
        {label} batch {batch.id} of {batch.feed}?
      </h2>
      <p>
        {effect}
        {batch.mode === "replace" && replaced}
      </p>
      {problem && <ProblemNotice problem={problem} />}
      <div class="confirm-buttons">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button type="button" class={`button ${bad ? "button-bad" : "button-main"}`} disabled={busy} onClick={confirm}>
          {label}
        </button>
      </div>
    </dialog>
  );
}
