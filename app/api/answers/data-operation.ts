import type { Content, DeclaredAnswer } from "../http/operation.js";
import type { ProblemName } from "../http/problems.js";

/** The problems that every operation answered by {@link answerQuestion} can have. */
export const DATA_PROBLEMS: readonly ProblemName[] = ["not-acceptable", "database-away", "timeout"];

/** Declares the answers of such an operation: 200 with the data, and 304 for a client that has it already. */
export function dataAnswers(description: string, content: Content): Readonly<Record<number, DeclaredAnswer>> {
  return {
    200: { description, headers: ["Dataset-Version", "ETag", "Server-Timing"], content },
    304: {
      description: "The client has this answer: If-None-Match names its ETag.",
      headers: ["ETag", "Dataset-Version"],
    },
  };
}
