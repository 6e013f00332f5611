import { type RunningServer, startServer } from "../../../app/api/server.js";
import { readSettings } from "../../../app/settings.js";
import { createLogger } from "../../../app/telemetry/logger.js";

/**
 * The whole server on free ports, as `ratesapp serve` runs it, without a rate limit and never overloaded: the machine of
 * the tests may be busy. `environment` goes over that.
 */
export function startApi(environment: Readonly<Record<string, string>>): Promise<RunningServer> {
  const settings = readSettings({
    HOST: "127.0.0.1",
    PORT: "0",
    ADMIN_PORT: "0",
    LOG_LEVEL: "silent",
    RATE_LIMIT_PER_SECOND: "0",
    MAX_EVENT_LOOP_LAG_MS: "60000",
    DRAIN_SECONDS: "5",
    ...environment,
  });
  return startServer({ settings, logger: createLogger(settings) });
}

/** Polls until `condition` holds. @throws if it does not within `timeoutMs`. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeoutMs = 10_000,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
