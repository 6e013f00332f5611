import type { ServerResponse } from "node:http";
import { BoundedServer } from "../bounded-server.js";
import { type Listening, listen } from "../listen.js";
import type { Health } from "./health.js";
import "./build-info.js";
import { registry } from "./registry.js";

/** The HTTP server for health and metrics. */
export interface AdminServer extends Listening {
  stop(): Promise<void>;
}

/** Its clients are few and in the same cluster: the kubelet and Prometheus. */
const LIMITS = { mostConnections: 200, silenceTimeoutMs: 10_000, takeTimeoutMs: 10_000 };

/**
 * Starts the server of `/livez` (does the event loop run?), `/readyz` (should this pod get requests? else 503 with the
 * reasons) and `/metrics`. It has a port that clients of the API cannot reach. It goes on while the API drains, so that
 * probes still get answers.
 */
export async function startAdminServer(options: {
  readonly host: string | undefined;
  readonly port: number;
  readonly health: Health;
}): Promise<AdminServer> {
  const server = new BoundedServer({}, LIMITS, (request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (path === "/livez") send(response, 200, { status: "ok" });
    else if (path === "/readyz") {
      const reasons = options.health.reasons();
      const ready = Object.keys(reasons).length === 0;
      send(response, ready ? 200 : 503, ready ? { status: "ready" } : { status: "not ready", reasons });
    } else if (path === "/metrics") void sendMetrics(response);
    else send(response, 404, { status: "not found", paths: ["/livez", "/readyz", "/metrics"] });
  });
  return {
    ...(await listen(server, options.port, options.host)),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function sendMetrics(response: ServerResponse): Promise<void> {
  try {
    const text = await registry.metrics();
    response.writeHead(200, { "Content-Type": registry.contentType }).end(text);
  } catch (error) {
    send(response, 500, { status: "failed", detail: (error as Error).message });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}
