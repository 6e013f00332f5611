import type { BatchState } from "../../ingest/batch-state.js";

const WORDS: Record<BatchState, string> = {
  loading: "Loading",
  auditing: "Auditing",
  audited: "Ready to publish",
  published: "Published",
  retracted: "Retracted",
  failed: "Failed",
  duplicate: "Duplicate",
  compacted: "Compacted",
};

export function StateMark({ state }: { readonly state: BatchState }) {
  return <span class={`state state-${state}`}>{WORDS[state]}</span>;
}
