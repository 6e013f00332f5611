import { CommanderError } from "commander";
import { isTransient } from "../database/sqlstates.js";
import { DrillFileError } from "../drill/drill-file.js";
import { FeedsFileError } from "../ingest/feeds.js";
import { ListenError } from "../listen.js";
import { OperatorFileError } from "../operator/desired/ingest-defaults.js";
import { KubernetesConfigError } from "../operator/kubernetes/kubernetes-config-error.js";
import { PlacesError } from "../places/places-error.js";
import { printableLines } from "../printable.js";
import { SettingsError } from "../settings.js";
import { systemReason } from "../system-reason.js";
import { firstLines } from "./first-lines.js";
import { hideAddresses } from "./hide-addresses.js";
import { StoppedError } from "./stop-signal.js";

/** Thrown for wrong usage, such as a missing variable, or options that exclude each other. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Exit codes of the commands other than 0. Codes from 128 mean that a signal ended the command. */
export const EXIT = {
  failed: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** A delivery is bad, and running the command again would not help. */
  badDelivery: 3,
} as const;

/** The exit code for an error. It is 0 for --help and --version, which commander reports as errors. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof StoppedError) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof PlacesError) return EXIT.badDelivery;
  const misused = [
    SettingsError,
    FeedsFileError,
    OperatorFileError,
    DrillFileError,
    KubernetesConfigError,
    ListenError,
    UsageError,
  ].some((kind) => error instanceof kind);
  return misused ? EXIT.usage : EXIT.failed;
}

/** The text for the user: the message, and with LOG_LEVEL=debug or trace the stack too. */
export function describeFailure(error: unknown, environment: NodeJS.ProcessEnv = process.env): string {
  // Commander has already printed its message.
  if (error instanceof CommanderError) return "";
  const detailed = environment.LOG_LEVEL === "debug" || environment.LOG_LEVEL === "trace";
  const text = textOf(error, detailed);
  // Messages about environment variables do not contain the value, which may be secret. They show the form of an
  // address, which must stay readable.
  return `${printableLines(error instanceof SettingsError ? text : hideAddresses(text))}\n`;
}

function textOf(error: unknown, detailed: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (detailed && error.stack) return error.stack;
  return firstLines(messageOf(error).split("\n"), "with 2> FILE all of them are in a file.").join("\n");
}

/**
 * If a name has several addresses and all refuse the connection, the error has a message for each and none of its own.
 */
function messageOf(error: Error): string {
  const { code, port, path, syscall } = error as NodeJS.ErrnoException & { port?: number };
  if (path !== undefined) return `${path}: ${systemReason(error)}.`;
  if (code === "EADDRINUSE") return `Port ${port} is taken. Set PORT or ADMIN_PORT to another one, or to 0 for any.`;
  const message =
    error.message === "" && error instanceof AggregateError ? error.errors.map(String).join("\n") : error.message;
  // ENOENT may come from the socket of a database. In every other case it means a file that the user named.
  const away = isTransient(error) && (code !== "ENOENT" || syscall === "connect");
  return away ? `The database does not answer: ${message}` : message;
}
