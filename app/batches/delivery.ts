/** `replace` hides the feed's earlier prices of the days that the batch holds. */
export type DeliveryMode = "append" | "replace";

/**
 * How a delivery came. `upload`: in pieces that a client sends; `stream`: as one body that a client sends; `generated`:
 * made by this program.
 */
export type Channel = "file" | "http" | "s3" | "pipe" | "generated" | "upload" | "stream";

/** What one batch is made of. */
export interface Delivery {
  readonly feed: string;
  /** Where it comes from, for the record. */
  readonly source: string;
  readonly channel: Channel;
  /** The same for the same content, among the deliveries of its channel: name, size and version; an upload's key. */
  readonly identity: string;
  readonly mode: DeliveryMode;
  /** Bytes of an object that can be read in ranges; null for one that is cut into pieces as it is read. */
  readonly bytes: number | null;
  readonly pieceBytes: number;
  readonly maxBadRows: number;
  /** Limit of its processing time. */
  readonly deadlineSeconds: number | null;
}
