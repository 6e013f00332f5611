import { Session } from "../../database/queries.js";
import { didYouMean } from "../../places/did-you-mean.js";
import type { PlaceIndex } from "../../places/place-index.js";
import { type AnswerServices, NoAnswerError } from "../answers/answer-question.js";
import { type ParameterMistake, type ProblemError, parameterProblem } from "../http/problems.js";

/** The ids of the two places of a lane; null for an unknown place. */
interface FoundIds {
  readonly originId: number | null;
  readonly destinationId: number | null;
}

/** Thrown inside a query. Questions that name their places with different parameters may share that query. */
export class UnknownPlaces extends NoAnswerError {
  readonly lanes: readonly FoundIds[];

  constructor(lanes: readonly FoundIds[]) {
    super("unknown place");
    this.lanes = lanes;
  }
}

/** @throws {UnknownPlaces} if a lane has an unknown place. */
export function requirePlaces(lanes: readonly FoundIds[]): void {
  const isUnknown = ({ originId, destinationId }: FoundIds) => originId === null || destinationId === null;
  if (lanes.some(isUnknown)) throw new UnknownPlaces(lanes);
}

/** A parameter with codes that no place has. */
export interface UnknownCodes {
  readonly parameter: string;
  /** Each code, and the sentence that it ends, such as "orig_code names no port or region:". */
  readonly codes: readonly { readonly says: string; readonly code: string }[];
}

/**
 * A suggestion looks at every place, and there may be a hundred thousand. A question has up to twenty unknown codes,
 * and other requests would wait.
 */
const MOST_SUGGESTIONS = 4;

/** The problem of unknown places, with the places that may be meant, unless no database answers that. */
export async function unknownPlaceProblem(
  services: AnswerServices,
  deadlineMs: number,
  unknown: readonly UnknownCodes[],
): Promise<ProblemError> {
  const index = await readIndex(services, deadlineMs);
  let left = MOST_SUGGESTIONS;
  const mistakes = unknown.map(({ parameter, codes }): ParameterMistake => {
    const sentences = codes.map(({ says, code }) => {
      left -= 1;
      const suggested = left >= 0 ? (index?.suggest(code) ?? []) : [];
      return `${says} ${JSON.stringify(code)}.${didYouMean(suggested)}`;
    });
    return { problem: "unknown-place", parameter, detail: sentences.join(" ") };
  });
  return parameterProblem(mistakes as [ParameterMistake, ...ParameterMistake[]]);
}

async function readIndex({ places, reads }: AnswerServices, deadlineMs: number): Promise<PlaceIndex | undefined> {
  const { current } = places;
  if (current !== undefined) return current.index;
  return reads
    .run((client) => places.read(new Session(client)), deadlineMs)
    .then(
      ({ index }) => index,
      () => undefined,
    );
}
