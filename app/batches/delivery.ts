/** `replace` hides the feed's earlier prices of the days that the batch holds. */
export type DeliveryMode = "append" | "replace";

/** What one batch is made of. */
export interface Delivery {
  readonly feed: string;
  /** Where it comes from, for the record. */
  readonly source: string;
  readonly identity: string;
  readonly mode: DeliveryMode;
  /** Bytes of an object that can be read in ranges; null for one that is cut into pieces as it is read. */
  readonly bytes: number | null;
  readonly pieceBytes: number;
  readonly maxBadRows: number;
  /** Limit of its processing time. */
  readonly deadlineSeconds: number | null;
}
