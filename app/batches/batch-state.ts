/** loading → auditing → audited → published ⇄ retracted; the other three are ends. */
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

/** How far a batch is. */
export type BatchState = (typeof batchStates)[number];
