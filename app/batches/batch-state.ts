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

export type BatchState = (typeof batchStates)[number];
