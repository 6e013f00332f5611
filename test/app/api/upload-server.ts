import type { RunningServer } from "../../../app/api/server.js";
import { startApi } from "../../kit/api.js";
import { AUTHORIZED, TAKES_UPLOADS } from "../../kit/write-token.js";

export const HEADER = "orig_code,dest_code,day,price\n";

export interface Reply {
  readonly status: number;
  readonly body: { readonly id: number; readonly type: string; readonly detail: string };
}

export interface UploadServer {
  readonly server: RunningServer;
  send(method: string, path: string, body: Buffer | ReadableStream, headers?: Record<string, string>): Promise<Reply>;
  stop(): Promise<void>;
}

/** As {@link startApi}, and it takes uploads. */
export async function startUploadServer(environment: Record<string, string>): Promise<UploadServer> {
  const server = await startApi({ ...TAKES_UPLOADS, ...environment });
  return {
    server,
    async send(method, path, body, headers = {}) {
      const response = await fetch(server.apiUrl + path, {
        method,
        headers: { ...AUTHORIZED, "content-type": "text/csv", ...headers },
        body: body instanceof Buffer ? new Uint8Array(body) : body,
        duplex: "half",
      } as RequestInit);
      return { status: response.status, body: (await response.json()) as Reply["body"] };
    },
    stop: () => server.stop(),
  };
}
