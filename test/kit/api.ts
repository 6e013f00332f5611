import { type RunningServer, startServer } from "../../app/api/server.js";
import { readSettings } from "../../app/settings.js";
import { createLogger } from "../../app/telemetry/logger.js";
import { createDatabase, suiteOf, UsedDatabase } from "./database.js";
import { bringPlaces, type PlaceTree } from "./places.js";

/**
 * The whole server on free ports, as `ratesapp serve` runs it, without a rate limit and never overloaded: the machine
 * of the tests may be busy.
 * @param environment its settings; needs DATABASE_URL, and goes over those above.
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

/** The server of the tests of a `describe`, and its database; there when they run. */
export class UsedApi extends UsedDatabase {
  server!: RunningServer;
}

/** For a `describe`: a server on a database of its own with `places`; there from its first test to its last. */
export function useApi(places?: PlaceTree): UsedApi {
  const test = new UsedApi();
  before(async function () {
    test.database = await createDatabase();
    if (places !== undefined) await bringPlaces(test.database, places);
    test.server = await startApi({ DATABASE_URL: test.url });
    suiteOf(this).afterAll(async () => {
      await test.server.stop();
      await test.database.drop();
    });
  });
  return test;
}
