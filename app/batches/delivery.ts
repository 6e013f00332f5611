/** `append` adds prices. `replace` also hides the feed's earlier prices of the days that the batch holds. */
export type DeliveryMode = "append" | "replace";

/**
 * The way in which a delivery arrived. `upload`: a client sends it in pieces; `stream`: a client sends it as one body;
 * `generated`: this program makes it.
 */
export type Channel = "file" | "http" | "s3" | "pipe" | "generated" | "upload" | "stream";

/** A delivery of prices, and how to load it. One delivery becomes one batch. */
export interface Delivery {
  readonly feed: string;
  /** Path, address or name that users see; the batch is not looked up by it. */
  readonly source: string;
  readonly channel: Channel;
  /**
   * Equal for the same content under the same name, among the deliveries of one channel. Of a file, an address or an S3
   * key: name, size and version. Of an upload: the key that the client chose.
   */
  readonly identity: string;
  readonly mode: DeliveryMode;
  /** Size of an object that workers can read in ranges; null for a source that is cut into pieces while it is read. */
  readonly bytes: number | null;
  readonly pieceBytes: number;
  readonly maxBadRows: number;
  /** Limit of the processing time; null for none. */
  readonly deadlineSeconds: number | null;
}
