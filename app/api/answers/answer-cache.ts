import { LRUCache } from "lru-cache";
import { cacheQuestions } from "../../rates/dataset-metrics.js";
import type { DatasetState } from "../../rates/dataset-state.js";
import type { Answer } from "./answer.js";

/**
 * Memory that an entry takes beside its bytes, for the objects around them: measured with --expose-gc over 100,000
 * entries.
 */
const ENTRY_BYTES = 700;
/** An entry may come to hold two compressed bodies too. For JSON and CSV, each takes under a third of the body. */
const FORMS = 1.7;

/** Part of the Server-Timing header of an answer that came from this memory. */
export const IN_MEMORY = 'cache;desc="hit", ';

const hits = cacheQuestions.labels("hit");
const shared = cacheQuestions.labels("shared");
const misses = cacheQuestions.labels("miss");

/** An answer from memory, and the newest dataset version for which it is known to be right. */
export interface CurrentAnswer {
  readonly answer: Answer;
  readonly version: number;
}

/**
 * Keeps answers that were read from the database, and drops the least recently used first. An answer is given only
 * while the data that it was read from is unchanged in the polled state. A publish ends the answers that span one of
 * its months. An answer that was read just after a publish is given once the poll has seen that publish. Equal
 * questions at the same time share one query, unless the state has changed since that query began.
 */
export class AnswerCache {
  readonly #answers: LRUCache<string, Answer> | undefined;
  readonly #flights = new Map<string, { readonly state: DatasetState | undefined; readonly answer: Promise<Answer> }>();
  readonly #currentState: () => DatasetState | undefined;

  /** @param bytes memory for answers; with 0 none is kept, but equal questions at the same time still share a query. */
  constructor(bytes: number, currentState: () => DatasetState | undefined) {
    this.#currentState = currentState;
    if (bytes > 0) {
      this.#answers = new LRUCache({
        maxSize: bytes,
        sizeCalculation: (answer, key) => Math.ceil(answer.body.bytes.length * FORMS) + key.length * 2 + ENTRY_BYTES,
      });
    }
  }

  get bytes(): number {
    return this.#answers?.calculatedSize ?? 0;
  }

  /**
   * The answer if it is in memory and still right, else undefined. No other place decides whether an answer is still
   * right. The caller reports with {@link countHit} each answer that it sends.
   */
  get(key: string): CurrentAnswer | undefined {
    const state = this.#currentState();
    const answer = state && this.#answers?.get(key);
    return answer && state.holds(answer.dataset) ? { answer, version: state.newest.version } : undefined;
  }

  countHit(): void {
    hits.inc();
  }

  /**
   * Joins a query under way for the same key and state, or starts one with `make`. Rejects as `make` does; a failure is
   * not kept.
   */
  ask(key: string, make: () => Promise<Answer>): Promise<Answer> {
    const state = this.#currentState();
    const under = this.#flights.get(key);
    // While the state is unknown, publishes may have happened since a query under way began; so no query is joined.
    if (under !== undefined && state !== undefined && under.state === state) {
      shared.inc();
      return under.answer;
    }
    misses.inc();
    const flight = { state, answer: make() };
    this.#flights.set(key, flight);
    const land = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.answer.then((answer) => {
      this.#answers?.set(key, answer);
      land();
    }, land);
    return flight.answer;
  }
}
