import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { RunningServer } from "../../../app/api/server.js";
import { startApi } from "../../kit/api.js";
import type { TestDatabase } from "../../kit/database.js";
import { skipWithout } from "../../kit/skip.js";
import { TAKES_UPLOADS, TOKEN } from "../../kit/write-token.js";
import { startS3Server } from "../ingest/s3-server.js";
import { followCommands, readCommands, type Shown } from "./console.js";
import { loadExamples } from "./loaded-examples.js";

const README = "examples/README.md";
const FEEDS_FILE = "examples/feeds/feeds.json";

describe("the commands of examples/README.md, as written", function () {
  this.timeout(90_000);
  let directory: string;
  let database: TestDatabase;
  let server: RunningServer;
  let ours: Readonly<Record<string, string>>;

  before(async function () {
    await skipWithout(this, "bash", "curl", "python3");
    directory = await mkdtemp(join(tmpdir(), "ratesapp-examples-"));
    database = await loadExamples();
    server = await startApi({ DATABASE_URL: database.url, ...TAKES_UPLOADS });

    const port = await freePort();
    const address = `http://127.0.0.1:${port}`;
    const feeds = (await readFile(FEEDS_FILE, "utf8")).replace("http://127.0.0.1:8000", address);
    await writeFile(join(directory, "feeds.json"), feeds);
    ours = {
      "TOKEN=…": `TOKEN=${TOKEN}`,
      [FEEDS_FILE]: join(directory, "feeds.json"),
      "http.server 8000": `http.server ${port}`,
      // Readers are slower than a script, which must wait until it listens.
      "server.log 2>&1 &": `${directory}/server.log 2>&1 & until curl -o /dev/null ${address}; do sleep 0.1; done 2>&-`,
    };
  });

  after(async () => {
    await server?.stop();
    await database?.drop();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  const follow = (commands: readonly Shown[], instead = ours) =>
    // Without the warnings of Node.js: the client for S3 has it warn of Node.js 20.
    followCommands(commands, instead, {
      RATES_URL: server.apiUrl,
      DATABASE_URL: database.url,
      NODE_NO_WARNINGS: "1",
    });

  it("do what they say, one after the other, as their batches are numbered through all of them", async () => {
    await follow(readCommands(README, "## Asking for rates"));
    await follow(readCommands(README, "## Sending prices"));
    await follow(feedCommands().local);
    await followS3();
  });

  async function followS3(): Promise<void> {
    const s3 = await startS3Server();
    if (!s3) {
      console.log("    left out: no S3 server (versitygw) is on PATH");
      return;
    }
    const client = new S3Client({ forcePathStyle: true });
    try {
      for (const name of ["2026-11-01.csv", "2026-11-02.csv"]) {
        const delivery = await readFile(`examples/deliveries/${name}`);
        await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: `sea/${name}`, Body: delivery }));
      }
      const { AWS_ENDPOINT_URL = "", AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
      await follow(feedCommands().s3, {
        ...ours,
        "http://127.0.0.1:9000": AWS_ENDPOINT_URL,
        "ACCESS_KEY_ID=…": `ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID}`,
        "SECRET_ACCESS_KEY=…": `SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY}`,
      });
    } finally {
      client.destroy();
      await s3.stop();
    }
  }
});

/** Those that need an S3 server apart from the others; both begin with what names the file of feeds. */
function feedCommands(): { readonly local: readonly Shown[]; readonly s3: readonly Shown[] } {
  const commands = readCommands(README, "## Feeds");
  const at = commands.findIndex(({ command }) => command.startsWith("export AWS_"));
  return { local: commands.slice(0, at), s3: [...commands.slice(0, 1), ...commands.slice(at)] };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
