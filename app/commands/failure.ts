import { CommanderError } from "commander";
import { isTransient } from "../database/sqlstates.js";
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

/** Thrown for wrong usage: a missing variable, or options that do not go together. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Exit codes of the commands, beside 0; 128 and more stand for a signal. */
export const EXIT = {
  failed: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** A delivery is bad, and running the command again would not help. */
  badDelivery: 3,
} as const;

/** 0 for --help and --version. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof StoppedError) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof PlacesError) return EXIT.badDelivery;
  const misused = [
    SettingsError,
    FeedsFileError,
    OperatorFileError,
    KubernetesConfigError,
    ListenError,
    UsageError,
  ].some((kind) => error instanceof kind);
  return misused ? EXIT.usage : EXIT.failed;
}

/** What a user reads: the message; with the stack only where LOG_LEVEL asks for details. */
export function describeFailure(error: unknown, environment: NodeJS.ProcessEnv = process.env): string {
  // Commander has already written what it has to say.
  if (error instanceof CommanderError) return "";
  const detailed = environment.LOG_LEVEL === "debug" || environment.LOG_LEVEL === "trace";
  const text = textOf(error, detailed);
  // The message for a wrong environment variable leaves out its value, which may be secret, and shows the form of an
  // address.
  return `${printableLines(error instanceof SettingsError ? text : hideAddresses(text))}\n`;
}

function textOf(error: unknown, detailed: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (detailed && error.stack) return error.stack;
  return firstLines(messageOf(error).split("\n"), "with 2> FILE all of them are in a file.").join("\n");
}

/** A refused connection to a name with several addresses has a message for each, and none of its own. */
function messageOf(error: Error): string {
  const { code, port, path } = error as NodeJS.ErrnoException & { port?: number };
  if (path !== undefined) return `${path}: ${systemReason(error)}.`;
  if (code === "EADDRINUSE") return `Port ${port} is taken. Set PORT or ADMIN_PORT to another one, or to 0 for any.`;
  const message =
    error.message === "" && error instanceof AggregateError ? error.errors.map(String).join("\n") : error.message;
  // ENOENT may mean the socket of a database, but in a command it means a file that the user named.
  const away = isTransient(error) && (error as NodeJS.ErrnoException).code !== "ENOENT";
  return away ? `The database does not answer: ${message}` : message;
}
