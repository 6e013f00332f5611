import { once } from "node:events";
import type { Settings } from "../settings.js";
import type { Logger } from "../telemetry/logger.js";
import type { CommandDatabase } from "./command-database.js";

/** Addresses of a running server. */
export interface Addresses {
  /** Such as http://127.0.0.1:3000 */
  readonly apiUrl: string;
  readonly adminUrl: string;
}

/**
 * Serves until the signal is aborted, and then until the requests under way have their answers.
 * @throws if a port is taken.
 */
export async function serveUntil(
  stop: AbortSignal,
  database: CommandDatabase,
  settings: Settings,
  logger: Logger,
  onServing: (addresses: Addresses) => void,
): Promise<void> {
  const { writeUrl: databaseUrl, readUrl: databaseReadUrl } = database;
  // Imported here and not at the top: its libraries take half of the start-up time, and most commands do not need them.
  const { startServer } = await import("../api/server.js");
  const server = await startServer({ settings: { ...settings, databaseUrl, databaseReadUrl }, logger });
  logger.info({ api: server.apiUrl, admin: server.adminUrl, listening: server.addresses }, "serving");
  onServing(server);
  if (!stop.aborted) await once(stop, "abort");
  logger.info({ reason: (stop.reason as Error).message }, "draining");
  await server.stop();
  logger.info("stopped");
}
