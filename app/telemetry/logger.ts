import { type Logger, pino } from "pino";
import { PinoPretty } from "pino-pretty";
import type { Settings } from "../settings.js";

export type { Logger };

/**
 * Makes a log that writes to standard error, because standard output is only for what a command prints for its user. As
 * JSON, it has level names and ISO times, which every log collector can read without configuration. On a terminal, it
 * writes lines for people.
 */
export function createLogger(settings: Pick<Settings, "logLevel" | "logFormat">): Logger {
  const options = {
    level: settings.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.errWithCause },
  };
  if (settings.logFormat === "pretty") {
    return pino(options, PinoPretty({ destination: 2, sync: true, errorLikeObjectKeys: ["error"] }));
  }
  const destination = pino.destination({ dest: 2, sync: true });
  // If the log cannot be written, as on a full disk, the process must not end.
  destination.on("error", () => {});
  return pino(options, destination);
}
