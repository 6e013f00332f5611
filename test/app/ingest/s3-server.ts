import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface S3Server {
  readonly bucket: string;
  stop(): Promise<void>;
}

/**
 * Starts a real S3-compatible server (https://github.com/versity/versitygw) over a folder. Also returns the environment
 * variables with its address and keys. Undefined if the server is not installed.
 */
export async function startS3Server(): Promise<S3Server | undefined> {
  const program = await findProgram();
  if (program === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "ratesapp-s3-"));
  const bucket = "deliveries";
  await mkdir(join(folder, bucket));
  const port = await freePort();
  const environment = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test-secret",
  };
  const child = spawn(program, ["--port", `127.0.0.1:${port}`, "posix", "--nometa", folder], {
    stdio: "ignore",
    env: { PATH: process.env.PATH, ROOT_ACCESS_KEY: "test", ROOT_SECRET_KEY: "test-secret" },
  });
  const before = Object.fromEntries(Object.keys(environment).map((name) => [name, process.env[name]]));
  Object.assign(process.env, environment);
  await answers(child, port);
  return {
    bucket,
    async stop() {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      const exited = once(child, "exit");
      child.kill();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function findProgram(): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, "versitygw");
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function answers(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (child.exitCode !== null) break;
    if (
      await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(50);
  }
  throw new Error("The S3 server does not answer.");
}
