import type { DatasetReading } from "../../rates/dataset-state.js";
import { CompressibleBody } from "./compressible-body.js";

/**
 * A publish must be seen everywhere within two seconds: half a second until the poll sees it, one here, the rest for
 * the way. A cache may serve what it has for a minute while the service fails, rather than an error.
 */
export const CACHE_CONTROL = "public, max-age=1, stale-if-error=60";

/** What the data said to a question, in the form a client asked for. */
export class Answer {
  readonly dataset: DatasetReading;
  readonly contentType: string;
  readonly body: CompressibleBody;
  /** Weak, because it names the data and not the bytes: W/"<version>-<instant>" of the newest change that it holds. */
  readonly etag: string;

  constructor(dataset: DatasetReading, contentType: string, body: string) {
    this.dataset = dataset;
    this.contentType = contentType;
    this.body = new CompressibleBody(Buffer.from(body));
    const { version, atMs } = dataset.newest;
    // A cache may hold several forms of one address: their tags must differ, or a 304 could mean either.
    this.etag = `W/"${version}-${atMs.toString(36)}${contentType.startsWith("text/csv") ? "-csv" : ""}"`;
  }
}
