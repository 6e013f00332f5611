import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { RunningServer } from "../../app/api/server.js";
import { Database } from "../../app/database/database.js";
import { ingestSource } from "../../app/ingest/ingest-source.js";
import { loadExamples } from "../app/examples/loaded-examples.js";
import { startApi } from "../kit/api.js";
import type { TestDatabase } from "../kit/database.js";
import { skipWithout } from "../kit/skip.js";
import { TcpProxy } from "../kit/tcp-proxy.js";
import { until } from "../kit/until.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CLIENTS = {
  "rates.ts": [process.execPath, "--import", "tsx", "examples/clients/rates.ts"],
  "rates.py": ["python3", "examples/clients/rates.py"],
  "rates.sh": ["bash", "examples/clients/rates.sh"],
};
/** Programs take long to start on a machine that does much else. */
const PATIENTLY = { timeoutMs: 30_000 };
const QUESTION = ["CNSGH", "NLRTM", "2026-10-30", "2026-10-31"];
const RATES = "2026-10-31\t-\t2\n2026-10-30\t2778.3333333333335\t3\n";

describe("the example clients", function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let server: RunningServer;

  before(async () => {
    database = await loadExamples();
    server = await startApi({ DATABASE_URL: database.url });
  });

  after(async () => {
    await server.stop();
    await database.drop();
  });

  for (const [name, command] of Object.entries(CLIENTS)) {
    describe(name, () => {
      before(async function () {
        await skipWithout(this, command[0] as string);
      });

      it("gives each day, newest first, and the CSV of the service", async () => {
        expect(await run(command, server, QUESTION)).to.deep.equal({ code: 0, stdout: RATES, stderr: "" });
        const { stdout } = await run(command, server, [...QUESTION, "--csv"]);
        expect(stdout).to.equal("day,price,count\r\n2026-10-31,,2\r\n2026-10-30,2778.3333333333335,3\r\n");
      });

      it("says what is wrong with a question, and asks it once", async () => {
        const asked = await answersOf(server, 400);
        const { code, stdout, stderr } = await run(command, server, ["CNSGH", "NOWHERE", "2026-10-30", "2026-10-31"]);
        expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
        expect(stderr).to.include("Unknown place").and.to.include("NOWHERE");
        expect(await answersOf(server, 400)).to.equal(asked + 1);
      });

      it("says in one line that there is no service", async () => {
        const { code, stdout, stderr } = await run(command, { apiUrl: "http://127.0.0.1:2" }, QUESTION);
        expect({ code: code !== 0, stdout }).to.deep.equal({ code: true, stdout: "" });
        expect(stderr).to.match(/^[^\n]+\n$/);
      });

      it("ends with 2 and its usage without a question", async () => {
        const { code, stderr } = await run(command, server, ["CNSGH"]);
        expect(code).to.equal(2);
        expect(stderr).to.match(/^Usage: /);
      });
    });
  }
});

describe("an example client, in bad times and for long", function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let proxy: TcpProxy;
  let server: RunningServer;

  before(async () => {
    database = await loadExamples();
    proxy = await TcpProxy.start(database.url);
    server = await startApi({ DATABASE_URL: proxy.url(database.url), CACHE_BYTES: "0", REQUEST_TIMEOUT_MS: "300" });
  });

  after(async () => {
    await server.stop();
    await proxy.stop();
    await database.drop();
  });

  for (const [name, command] of Object.entries(CLIENTS)) {
    it(`comes back when it is told *not now*: ${name}`, async function () {
      await skipWithout(this, command[0] as string);
      await proxy.refuse();
      const turnedAway = await answersOf(server, 503);
      const answer = run(command, server, QUESTION);
      await until("the client is turned away", async () => (await answersOf(server, 503)) > turnedAway, PATIENTLY);
      await proxy.pass();
      expect(await answer).to.deep.equal({ code: 0, stdout: RATES, stderr: "" });
    });
  }

  for (const [name, command] of Object.entries(CLIENTS)) {
    it(`sends back the tag of what it has, and tells of what is published: ${name}`, async function () {
      await skipWithout(this, command[0] as string);
      // Each client follows a question of its own, so that what one is told is no change for the others.
      const day = `2026-12-0${Object.keys(CLIENTS).indexOf(name) + 1}`;
      const full = await answersOf(server, 200);
      const unchanged = await answersOf(server, 304);
      const child = start(command, server, ["china", "europe", day, day, "--follow"]);
      const closed = once(child, "close");
      try {
        let shown = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          shown += text;
        });
        await until(
          "it is told twice that nothing changed",
          async () => (await answersOf(server, 304)) > unchanged + 1,
          PATIENTLY,
        );
        expect(await answersOf(server, 200)).to.equal(full + 1);
        expect(shown).to.equal(`${day}\t-\t-\n`);

        await publish(
          database,
          [100, 200, 600].map((price) => `CNSGH,NLRTM,${day},${price}`),
        );
        const wanted = `${day}\t-\t-\n\n${day}\t300\t3\n`;
        await until("it shows the new rate", () => shown.length >= wanted.length, PATIENTLY);
        expect(shown).to.equal(wanted);
      } finally {
        child.kill();
        await closed;
      }
    });
  }
});

async function publish({ pool }: TestDatabase, lines: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "ratesapp-examples-"));
  try {
    const path = join(folder, "prices.csv");
    await writeFile(path, `orig_code,dest_code,day,price\n${lines.join("\n")}\n`);
    await ingestSource({ database: new Database(pool, {}), source: path });
  } finally {
    await rm(folder, { recursive: true });
  }
}

function start(command: readonly string[], { apiUrl }: Pick<RunningServer, "apiUrl">, args: readonly string[]) {
  const [program = "", ...given] = command;
  const { PATH, HOME } = process.env;
  return spawn(program, [...given, ...args], {
    cwd: ROOT,
    env: { PATH, HOME, RATES_URL: apiUrl },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function run(command: readonly string[], server: Pick<RunningServer, "apiUrl">, args: readonly string[]) {
  const child = start(command, server, args);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
}

/** How many questions for rates the servers of this process have answered with a status. */
async function answersOf({ adminUrl }: RunningServer, status: number): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  const name = "ratesapp_http_request_duration_seconds_count";
  const line = new RegExp(`^${name}\\{[^}]*route="/rates",status="${status}"[^}]*\\} (\\d+)$`, "m").exec(metrics);
  return Number(line?.[1] ?? 0);
}
