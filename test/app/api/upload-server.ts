import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningServer } from "../../../app/api/server.js";
import { startApi } from "../../kit/api.js";

const TOKEN = "secret";
export const HEADER = "orig_code,dest_code,day,price\n";
export const AUTHORIZATION = { authorization: `Bearer ${TOKEN}` };

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
  const directory = await mkdtemp(join(tmpdir(), "ratesapp-tokens-"));
  const tokens = join(directory, "tokens");
  await writeFile(tokens, `ann:${createHash("sha256").update(TOKEN).digest("hex")}\n`);
  const server = await startApi({ WRITE_TOKENS_FILE: tokens, ...environment });
  return {
    server,
    async send(method, path, body, headers = {}) {
      const response = await fetch(server.apiUrl + path, {
        method,
        headers: { ...AUTHORIZATION, "content-type": "text/csv", ...headers },
        body: body instanceof Buffer ? new Uint8Array(body) : body,
        duplex: "half",
      } as RequestInit);
      return { status: response.status, body: (await response.json()) as Reply["body"] };
    },
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
}
