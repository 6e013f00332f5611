import type { DatasetReading } from "../../rates/dataset-state.js";
import { CompressibleBody } from "./compressible-body.js";

/**
 * Consumers must see a publish within two seconds: half a second until the poll sees it, one second in caches, and the
 * rest for the network. While the service fails, a cache may go on serving its copy for a minute instead of an error.
 */
export const CACHE_CONTROL = "public, max-age=1, stale-if-error=60";

/** The answer to a question, in the form that a client asked for. */
export class Answer {
  readonly dataset: DatasetReading;
  readonly contentType: string;
  readonly body: CompressibleBody;
  /**
   * `W/"<version>-<instant>"` of the newest change that the answer includes. It is weak because it identifies the data
   * and not the bytes.
   */
  readonly etag: string;

  constructor(dataset: DatasetReading, contentType: string, body: string) {
    this.dataset = dataset;
    this.contentType = contentType;
    this.body = new CompressibleBody(Buffer.from(body));
    const { version, atMs } = dataset.newest;
    // A cache may hold JSON and CSV of the same address. Equal tags would make a 304 ambiguous.
    this.etag = `W/"${version}-${atMs.toString(36)}${contentType.startsWith("text/csv") ? "-csv" : ""}"`;
  }
}
