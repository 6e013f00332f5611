import { BatchNotFoundError, BatchStateError } from "../../batches/batch-error.js";
import { PortsMissingError } from "../load/load-error.js";
import { HeaderError } from "../parse/columns.js";
import { SourceChangedError, SourceError } from "../sources/source-error.js";
import { BadRowsError, PieceConflictError, PieceTooLargeError } from "./upload-error.js";

/** Those that are told apart by their class where they arrive. */
const KINDS: readonly (abstract new (...args: never[]) => Error)[] = [
  BadRowsError,
  BatchNotFoundError,
  BatchStateError,
  HeaderError,
  PieceConflictError,
  PieceTooLargeError,
  PortsMissingError,
  SourceChangedError,
  SourceError,
];

/**
 * An error on its way between threads, where the error itself would lose its class and all but its message and stack.
 */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Its other members, such as the SQLSTATE of an error of Postgres. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly cause: SentError | undefined;
}

/** For the way to another thread. */
export function toSentError(thrown: unknown): SentError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const members = Object.entries(error).filter(([, value]) => value === null || typeof value !== "object");
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    members: Object.fromEntries(members.filter(([, value]) => typeof value !== "function")),
    cause: error.cause === undefined ? undefined : toSentError(error.cause),
  };
}

/** The error as it was, with its class if that is one of {@link KINDS}. */
export function fromSentError({ name, message, stack, members, cause }: SentError): Error {
  const error = new Error(message, cause && { cause: fromSentError(cause) });
  const kind = KINDS.find((each) => each.name === name);
  if (kind) Object.setPrototypeOf(error, kind.prototype);
  return Object.assign(error, members, { name, stack });
}
