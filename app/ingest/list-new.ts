import { findPlannedBatches, type PlannedBatch } from "../batches/plan.js";
import type { Database } from "../database/database.js";
import type { Source, SourceObject, UnreadableObject } from "./sources/source.js";

/** Objects for whose batches one statement looks: of a hundred thousand objects, only a few are new. */
const PAGE_OBJECTS = 500;

/** An object of a source that a run has to load or to report. */
export interface Found {
  readonly object: SourceObject | UnreadableObject;
  /** The batch of the object, if it had one when the list was read. */
  readonly known: PlannedBatch | null;
}

/**
 * Lists the objects of a source in the order of their names. Of a folder or prefix, objects whose batches ended before
 * this run began are left out, unless the batch failed. Memory does not grow with the number of objects left out.
 */
export async function* listNew(
  database: Database,
  source: Source,
  feed: string,
  startedAt: string,
): AsyncIterable<Found> {
  if (!source.several) {
    for await (const object of source.list(database.signal)) yield { object, known: null };
    return;
  }
  for await (const page of pagesOf(source.list(database.signal))) {
    const known = await findKnown(database, page, feed, startedAt);
    for (const object of page) {
      const batch = "error" in object ? null : (known.get(object.identity) ?? null);
      if (!batch?.endedBefore || batch.state === "failed") yield { object, known: batch };
    }
  }
}

async function* pagesOf<T>(items: AsyncIterable<T>): AsyncIterable<T[]> {
  let page: T[] = [];
  for await (const item of items) {
    page.push(item);
    if (page.length < PAGE_OBJECTS) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

async function findKnown(
  database: Database,
  page: readonly Found["object"][],
  feed: string,
  startedAt: string,
): Promise<Map<string, PlannedBatch>> {
  const objects = page.filter((object) => !("error" in object)) as SourceObject[];
  const [first] = objects;
  if (first === undefined) return new Map();
  const identities = objects.map(({ identity }) => identity);
  return findPlannedBatches(database, { feed, channel: first.channel, identities }, startedAt);
}
