import type { Content, DeclaredAnswer } from "../http/operation.js";
import type { ProblemName } from "../http/problems.js";

/** What every operation that {@link answerQuestion} answers can meet. */
export const DATA_PROBLEMS: readonly ProblemName[] = ["not-acceptable", "database-away", "timeout"];

/** 200 with what the data said, and 304 for a client that has it. */
export function dataAnswers(description: string, content: Content): Readonly<Record<number, DeclaredAnswer>> {
  return {
    200: { description, headers: ["Dataset-Version", "ETag", "Server-Timing"], content },
    304: {
      description: "The client has this answer: If-None-Match names its ETag.",
      headers: ["ETag", "Dataset-Version"],
    },
  };
}
