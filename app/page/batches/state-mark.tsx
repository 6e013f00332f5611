import type { BatchState } from "../../batches/batch-state.js";
import type { Batch } from "./batch.js";

/** The words for the states on the page. */
export const STATE_WORDS: Record<BatchState, string> = {
  loading: "Loading",
  auditing: "Auditing",
  audited: "Ready to publish",
  published: "Published",
  retracted: "Retracted",
  failed: "Failed",
  duplicate: "Duplicate",
  compacted: "Compacted",
};

/** The state of a batch in words, with a colour. */
export function StateMark({ batch: { state, awaits_publish } }: { readonly batch: Batch }) {
  return awaits_publish ? (
    <span class="state state-audited">Uploaded</span>
  ) : (
    <span class={`state state-${state}`}>{STATE_WORDS[state]}</span>
  );
}
