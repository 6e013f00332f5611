/**
 * The usual way is loading → auditing → audited → published ⇄ retracted. A batch that is failed, duplicate or compacted
 * stays so.
 */
export const batchStates = [
  "loading",
  "auditing",
  "audited",
  "published",
  "retracted",
  "failed",
  "duplicate",
  "compacted",
] as const;

/** How far a batch is; see {@link batchStates}. */
export type BatchState = (typeof batchStates)[number];
