import type { DatasetTag } from "../../rates/dataset-tag.js";
import { CompressibleBody } from "./compressible-body.js";

/** What the data said to a question, in the form a client asked for. */
export class Answer {
  /** Of the snapshot that the answer was read in. */
  readonly dataset: DatasetTag;
  readonly contentType: string;
  readonly body: CompressibleBody;
  /** Weak, because it names the data and not the bytes: W/"<version>-<changed_at>". */
  readonly etag: string;

  constructor(dataset: DatasetTag, contentType: string, body: string) {
    this.dataset = dataset;
    this.contentType = contentType;
    this.body = new CompressibleBody(Buffer.from(body));
    // A cache may hold several forms of one address: their tags must differ, or a 304 could mean either.
    this.etag = `W/"${dataset.tag}${contentType.startsWith("text/csv") ? "-csv" : ""}"`;
  }
}
