/** loading → auditing → audited → published ⇄ retracted; the other three are ends. */
export type BatchState =
  | "loading"
  | "auditing"
  | "audited"
  | "published"
  | "retracted"
  | "failed"
  | "duplicate"
  | "compacted";
