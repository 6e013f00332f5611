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
  /** Addresses of both servers as they were bound, such as [::]:3000. */
  readonly addresses: readonly string[];
  /**
   * Stops without losing a request. The process is not ready from this moment, and goes on serving for
   * PRE_STOP_SECONDS. Then it accepts no new connections, and requests under way have DRAIN_SECONDS to finish. Then the
   * pools are closed. It may be called several times; the promise is fulfilled once all is closed.
   */
  stop(): Promise<void>;
}

/** What a server is started with. */
export interface ServerOptions {
  /** `databaseUrl`, `databaseReadUrl` or both must be set. */
  readonly settings: Settings;
  readonly logger: Logger;
}

/**
 * Starts the API and the admin server. The database may be away: until it is back, requests are answered 503.
 * @throws {SettingsError} if the file of write tokens cannot be read.
 * @throws {ListenError} if this machine does not have the address of the host.
 * @throws what Node.js throws if a port is taken.
 */
export async function startServer({ settings, logger }: ServerOptions): Promise<RunningServer> {
  if (settings.writeTokensFile !== undefined) await refuseUnreadable(settings.writeTokensFile);
  const services = openServices(settings, logger);
  // These run in the opposite order of their start, both at a stop and after a failed start.
  const ends = [() => services.close()];
  const end = async () => {
    for (const step of ends.splice(0).reverse()) await step();
  };
  try {
    const { host, port, adminPort } = settings;
    const http = createHttpServer(await createApi(services), logger);
    const admin = await startAdminServer({ host, port: adminPort, health: services.health });
    // The admin server ends after the services, so that probes get answers until the last request has ended.
    ends.unshift(() => admin.stop());
    await services.version.start();
    const api = await listen(http.server, port, host);
    ends.push(() => drain(http, services));
    // Without write tokens this process accepts no uploads, so it has no reason to ask the primary for unfinished
    // publishes.
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
  // Load balancers need this time to stop using this process. When the listener closes, the kernel resets connections
  // that are just being made, and no code here can prevent that.
  await sleep(settings.preStopSeconds * 1000);
  await http.drain(settings.drainSeconds * 1000);
}
