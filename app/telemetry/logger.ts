import { type Logger, pino } from "pino";
import { PinoPretty } from "pino-pretty";
import type { Settings } from "../settings.js";

export type { Logger };

/**
 * Writes to standard error: standard output holds only what a command prints for its user. JSON with level names and
 * ISO times, which every log collector reads without configuration; lines for people on a terminal.
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
  // A log that cannot be written, as on a full disk, must not end the process.
  destination.on("error", () => {});
  return pino(options, destination);
}
