import { type RunningServer, startServer } from "../../../app/api/server.js";
import { readSettings } from "../../../app/settings.js";
import { createLogger } from "../../../app/telemetry/logger.js";
import { createDatabase, type TestDatabase } from "../database.js";
import { importTree, type SampleTree } from "./sample.js";

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

export interface ApiOnDatabase {
  readonly database: TestDatabase;
  readonly server: RunningServer;
}

/** For a `describe`: a database, with `tree` in it, and a server on it; there from its first test to its last. */
export function useApi(tree?: SampleTree): ApiOnDatabase {
  const api = {} as { -readonly [Name in keyof ApiOnDatabase]: ApiOnDatabase[Name] };
  before(async () => {
    api.database = await createDatabase();
    if (tree !== undefined) await importTree(api.database.pool, tree);
    api.server = await startApi({ DATABASE_URL: api.database.url });
  });
  after(async () => {
    await api.server?.stop();
    await api.database?.drop();
  });
  return api;
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
