import { constants } from "node:os";

/** The abort reason of the signal that {@link stopSignal} returns. */
export class StoppedError extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`Stopped by ${signal}.`);
    this.name = "StoppedError";
    this.signal = signal;
  }

  /** The exit code that shells expect of a process that a signal ended. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/**
 * Under `npm start`, one Ctrl-C arrives twice: from the terminal and from npm. Signals this close together count as
 * one.
 */
const SAME_REQUEST_MS = 500;

const LOOK_EVERY_MS = 250;

/**
 * The returned signal is aborted by the first request to stop: Ctrl-C, SIGTERM or a closed terminal. Work can then end
 * in an orderly way. A second request ends the process at once.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let requestedAtMs = 0;
  const request = (signal: (typeof SIGNALS)[number]) => {
    const error = new StoppedError(signal);
    if (!controller.signal.aborted) {
      requestedAtMs = performance.now();
      controller.abort(error);
    } else if (performance.now() - requestedAtMs > SAME_REQUEST_MS) {
      process.exit(error.exitCode);
    }
  };
  for (const signal of SIGNALS) process.on(signal, () => request(signal));
  if (process.env.npm_lifecycle_event !== undefined) onceOrphaned(() => request("SIGTERM"));
  return controller.signal;
}

/**
 * Calls `stop` when the parent process has ended. npm passes a signal only to the shell that runs a script. The shell
 * ends, and this process then has another parent.
 */
function onceOrphaned(stop: () => void): void {
  const parent = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(looking);
    stop();
  }, LOOK_EVERY_MS).unref();
}
