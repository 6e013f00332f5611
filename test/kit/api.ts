import { type RunningServer, startServer } from "../../app/api/server.js";
import { readSettings } from "../../app/settings.js";
import { createLogger } from "../../app/telemetry/logger.js";
import { createDatabase, suiteOf, UsedDatabase } from "./database.js";
import { bringPlaces, type PlaceTree } from "./places.js";

/**
 * Starts the whole server on free ports, as `ratesapp serve` does. It has no rate limit and is never overloaded,
 * because the test machine may be busy.
 * @param environment settings, which must include DATABASE_URL. They replace the defaults of this function.
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

/** The server of the tests in a `describe`, and its database. Both exist only while the tests run. */
export class UsedApi extends UsedDatabase {
  server!: RunningServer;
}

/** For a `describe`: runs a server on its own database with `places`, from the first test to the last. */
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
