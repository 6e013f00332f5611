import { access, constants } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "../listen.js";
import { type Settings, SettingsError } from "../settings.js";
import { systemReason } from "../system-reason.js";
import { startAdminServer } from "../telemetry/admin-server.js";
import type { Logger } from "../telemetry/logger.js";
import { createApi } from "./api.js";
import { createHttpServer, type HttpServer } from "./http/http-server.js";
import { type OpenServices, openServices } from "./open-services.js";

/** A server that answers requests until it is stopped. */
export interface RunningServer {
  /** Such as http://127.0.0.1:3000 */
  readonly apiUrl: string;
  readonly adminUrl: string;
  /** What both are bound to, such as [::]:3000 */
  readonly addresses: readonly string[];
  /**
   * Stops without losing a request. At once it is not ready any more, and goes on serving for PRE_STOP_SECONDS. Then
   * it takes no new connections while requests under way finish, for DRAIN_SECONDS at most. Then it closes its pools.
   * It can be called again; the promise is fulfilled once all is closed.
   */
  stop(): Promise<void>;
}

/** What a server is started with. */
export interface ServerOptions {
  /** With `databaseUrl`, `databaseReadUrl` or both. */
  readonly settings: Settings;
  readonly logger: Logger;
}

/**
 * Starts the API and the admin server. The database may be away: requests are answered 503 until it is there.
 * @throws {SettingsError} if the file of write tokens cannot be read.
 * @throws {ListenError} if the host is not of this machine.
 * @throws what Node.js throws if a port is taken.
 */
export async function startServer({ settings, logger }: ServerOptions): Promise<RunningServer> {
  if (settings.writeTokensFile !== undefined) await refuseUnreadable(settings.writeTokensFile);
  const services = openServices(settings, logger);
  // Ended in the opposite order, whether the server was started or failed to.
  const ends = [() => services.close()];
  const end = async () => {
    for (const step of ends.splice(0).reverse()) await step();
  };
  try {
    const { host, port, adminPort } = settings;
    const http = createHttpServer(await createApi(services), logger);
    const admin = await startAdminServer({ host, port: adminPort, health: services.health });
    // Behind the services: probes are answered until the last request is.
    ends.unshift(() => admin.stop());
    await services.version.start();
    const api = await listen(http.server, port, host);
    ends.push(() => drain(http, services));
    // Without tokens nothing is uploaded, and a process that only reads leaves the primary alone.
    if (settings.writeTokensFile !== undefined) services.writes?.jobs.lookAfterOthers();
    let stopping: Promise<void> | undefined;
    return {
      apiUrl: api.url,
      adminUrl: admin.url,
      addresses: [api.address, admin.address],
      stop: () => {
        stopping ??= end();
        return stopping;
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function refuseUnreadable(path: string): Promise<void> {
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw new SettingsError([`WRITE_TOKENS_FILE: names a file that cannot be read: ${systemReason(error)}`]);
  });
}

async function drain(http: HttpServer, { settings, beginDrain }: OpenServices): Promise<void> {
  beginDrain();
  // For load balancers to take this process out: the kernel resets a connection that is being made when the listener
  // closes, and no code here can prevent that.
  await sleep(settings.preStopSeconds * 1000);
  await http.drain(settings.drainSeconds * 1000);
}
