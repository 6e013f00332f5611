import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { text } from "node:stream/consumers";
import { request } from "undici";

/**
 * Uploads a file as a body, over and over until it is ended: a process of its own, so that it shares no event loop with
 * what it measures. Reads JSON {@link UploadsOptions}.
 */
export interface UploadsOptions {
  /** Of the server. */
  readonly url: string;
  readonly token: string;
  readonly file: string;
  /** Bodies on their way at once. */
  readonly uploads: number;
  readonly maxBadRows: number;
}

const { url, token, file, uploads, maxBadRows } = JSON.parse(await text(process.stdin)) as UploadsOptions;
await Promise.all(Array.from({ length: uploads }, uploadForEver));

async function uploadForEver(): Promise<never> {
  for (;;) {
    // A feed each, or the same prices would be a duplicate of those before.
    const feed = randomUUID();
    const answer = await request(`${url}/batches?feed=${feed}&max_bad_rows=${maxBadRows}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "text/csv", "Idempotency-Key": feed },
      body: createReadStream(file),
    });
    const told = await answer.body.text();
    if (answer.statusCode !== 202) throw new Error(`An upload was answered with ${answer.statusCode}: ${told}`);
  }
}
