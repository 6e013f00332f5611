import { LRUCache } from "lru-cache";
import { cacheQuestions } from "../../rates/dataset-metrics.js";
import type { DatasetState } from "../../rates/dataset-state.js";
import type { Answer } from "./answer.js";

/** What an entry costs beside its bytes: the objects around them, measured with --expose-gc over 100,000 entries. */
const ENTRY_BYTES = 700;
/** Room for both compressed forms, which for JSON and CSV take under a third of the body each. */
const FORMS = 1.7;

/** What the Server-Timing header says of an answer from here. */
export const IN_MEMORY = 'cache;desc="hit", ';

const hits = cacheQuestions.labels("hit");
const shared = cacheQuestions.labels("shared");
const misses = cacheQuestions.labels("miss");

/** An answer, and the newest dataset version in which it is known to be the same. */
export interface CurrentAnswer {
  readonly answer: Answer;
  readonly version: number;
}

/**
 * Answers that were read from the database, the least recently used dropped first. An answer is given only while what
 * it was read from holds in the polled state of the data: a publish ends those that span one of its months, and an
 * answer read just after a publish waits until the poll has seen it. Equal questions at the same time share a query,
 * unless the state has moved since it began.
 */
export class AnswerCache {
  readonly #answers: LRUCache<string, Answer> | undefined;
  readonly #flights = new Map<string, { readonly state: DatasetState | undefined; readonly answer: Promise<Answer> }>();
  readonly #currentState: () => DatasetState | undefined;

  /** @param bytes memory for answers; 0 keeps none, but equal questions still share a query. */
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
   * Undefined if there is none that holds. Here alone it is decided whether an answer still holds.
   * {@link countHit} counts those that are sent.
   */
  get(key: string): CurrentAnswer | undefined {
    const state = this.#currentState();
    const answer = state && this.#answers?.get(key);
    return answer && state.holds(answer.dataset) ? { answer, version: state.newest.version } : undefined;
  }

  countHit(): void {
    hits.inc();
  }

  /** Joins the query for the same key and state, or makes one. Rejects as `make` does; failures are not kept. */
  ask(key: string, make: () => Promise<Answer>): Promise<Answer> {
    const state = this.#currentState();
    const under = this.#flights.get(key);
    // While the state is unknown, a query under way may be from before any number of publishes.
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
