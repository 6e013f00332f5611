import { BatchNotFoundError, BatchStateError } from "../../batches/batch-error.js";
import { PortsMissingError } from "../load/load-error.js";
import { HeaderError } from "../parse/columns.js";
import { SourceChangedError, SourceError } from "../sources/source-error.js";
import { BadRowsError, PieceConflictError, PieceTooLargeError } from "./upload-error.js";

/** Errors that the receiver tells apart by their class. */
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
 * An error in the form in which it is sent between threads. Sent as it is, an error would lose its class, and
 * everything but its message and stack.
 */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** The other members of the error, such as the SQLSTATE of an error of Postgres. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly cause: SentError | undefined;
}

/** Makes the form in which an error is sent to another thread. */
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

/** Makes the error again, with its class if it is one of {@link KINDS}. */
export function fromSentError({ name, message, stack, members, cause }: SentError): Error {
  const error = new Error(message, cause && { cause: fromSentError(cause) });
  const kind = KINDS.find((each) => each.name === name);
  if (kind) Object.setPrototypeOf(error, kind.prototype);
  return Object.assign(error, members, { name, stack });
}
