import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import pg from "pg";
import { EmbeddedPostgresError } from "../../app/database/embedded/embedded-postgres-error.js";
import { readPostmaster } from "../../app/database/embedded/postmaster.js";
import { openEmbedded } from "../../app/database/embedded.js";
import { skipBecause } from "../kit/skip.js";
import { until } from "../kit/until.js";

const USER = fileURLToPath(new URL("./embedded-user.mjs", import.meta.url));
const FAST = { fsync: "off" };
const COUNT_USERS =
  "SELECT count(*)::int AS it FROM pg_stat_activity WHERE application_name = 'ratesapp user of this server'";

type User = ChildProcessByStdio<Writable, Readable, null>;

describe("openEmbedded", function () {
  this.timeout(60_000);
  let directory: string;
  let users: User[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "ratesapp-embedded-"));
    users = [];
  });

  afterEach(async () => {
    for (const user of users) user.kill("SIGKILL");
    const pid = await postmasterPid();
    if (pid !== undefined) await until(`process ${pid} to end`, () => !isRunning(pid));
    await rm(directory, { recursive: true, force: true });
  });

  const postmasterPid = async () => (await readPostmaster(join(directory, "postgres")))?.pid;

  const startUser = () => {
    const user = spawn(process.execPath, [USER, directory], { stdio: ["pipe", "pipe", "inherit"] });
    users.push(user);
    return user;
  };

  const urlOf = async (user: User) => {
    const [line] = (await once(createInterface(user.stdout), "line")) as [string];
    return line;
  };

  const endUser = async (user: User) => {
    const exit = once(user, "exit");
    user.stdin.end();
    expect((await exit)[0]).to.equal(0);
  };

  it("starts a durable Postgres 17 on loopback that asks for a password", async () => {
    const database = await openEmbedded({ directory });
    try {
      expect(await ask(database.url, "SELECT current_setting('server_version_num')::int / 10000 AS it")).to.equal(17);
      expect(await ask(database.url, "SELECT current_setting('fsync') AS it")).to.equal("on");
      expect(await ask(database.url, "SELECT current_setting('listen_addresses') AS it")).to.equal("127.0.0.1");
      const wrong = new URL(database.url);
      wrong.password = "guess";
      expect(await failureOf(ask(wrong.href, "SELECT 1"))).to.have.property("code", "28P01");
      expect((await stat(join(directory, "postgres/ratesapp.password"))).mode & 0o777).to.equal(0o600);
      expect((await stat(join(directory, "postgres"))).mode & 0o777).to.equal(0o700);
    } finally {
      await database.close();
    }
    expect(await postmasterPid()).to.equal(undefined);
  });

  it("keeps its data, and starts on them within 1.5 s", async () => {
    const first = await openEmbedded({ directory, serverSettings: FAST });
    await ask(first.url, "CREATE TABLE kept AS SELECT 42 AS it");
    await first.close();
    let quickestMs = Number.POSITIVE_INFINITY;
    // A start that had to share the machine with something else says nothing.
    for (let attempt = 1; attempt <= 3 && quickestMs >= 1_500; attempt += 1) {
      const startMs = performance.now();
      const second = await openEmbedded({ directory, serverSettings: FAST });
      quickestMs = Math.min(quickestMs, performance.now() - startMs);
      expect(await ask(second.url, "SELECT it FROM kept")).to.equal(42);
      await second.close();
      await second.close();
    }
    expect(quickestMs).to.be.below(1_500);
  });

  it("is one server for processes that start at the same time, and the last one out stops it", async () => {
    const three = [startUser(), startUser(), startUser()] as const;
    const urls = await Promise.all(three.map(urlOf));
    expect(new Set(urls).size).to.equal(1);
    const pid = await postmasterPid();
    await endUser(three[0]);
    await endUser(three[1]);
    expect(await ask(urls[0] as string, "SELECT 1 AS it")).to.equal(1);
    expect(await postmasterPid()).to.equal(pid);
    await endUser(three[2]);
    expect(await postmasterPid()).to.equal(undefined);
  });

  it("does not count a killed user", async () => {
    const database = await openEmbedded({ directory, serverSettings: FAST });
    const user = startUser();
    expect(await urlOf(user)).to.equal(database.url);
    user.kill("SIGKILL");
    await once(user, "exit");
    await database.close();
    // Postgres may have yet to notice that the connection of the killed one is gone.
    await until("Postgres to stop", async () => (await postmasterPid()) === undefined);
  });

  it("is stopped soon after its only user was killed", async () => {
    const user = startUser();
    await urlOf(user);
    const pid = (await postmasterPid()) as number;
    user.kill("SIGKILL");
    await until("the server to stop", () => !isRunning(pid));
  });

  it("counts its users again after a crash of one of its own processes", async () => {
    const user = startUser();
    const url = await urlOf(user);
    const pid = await postmasterPid();
    const backend = await ask(url, "SELECT pid AS it FROM pg_stat_activity WHERE backend_type = 'walwriter'");
    process.kill(backend as number, "SIGKILL");
    await until(
      "the user to be back",
      async () =>
        (await ask(
          url,
          "SELECT count(*)::int AS it FROM pg_stat_activity WHERE application_name LIKE 'ratesapp %'",
        ).catch(() => 0)) === 2,
    );
    expect(await postmasterPid()).to.equal(pid);
    await endUser(user);
    expect(await postmasterPid()).to.equal(undefined);
  });

  it("recovers when everything was killed", async () => {
    const user = startUser();
    await ask(await urlOf(user), "CREATE TABLE kept AS SELECT 42 AS it");
    const pid = (await postmasterPid()) as number;
    user.kill("SIGKILL");
    process.kill(pid, "SIGKILL");
    const database = await openEmbedded({ directory, serverSettings: FAST });
    expect(await ask(database.url, "SELECT it FROM kept")).to.equal(42);
    await database.close();
  });

  it("comes back on its port after it was killed, so that who still uses it finds it again", async () => {
    const user = startUser();
    const url = await urlOf(user);
    process.kill((await postmasterPid()) as number, "SIGKILL");
    const database = await openEmbedded({ directory, serverSettings: FAST });
    expect(database.url).to.equal(url);
    await until("the first user to be back", async () => (await ask(url, COUNT_USERS)) === 2);
    await database.close();
    expect(await ask(url, "SELECT 1 AS it")).to.equal(1);
    await endUser(user);
    expect(await postmasterPid()).to.equal(undefined);
  });

  it("takes another port if another program has the last one", async () => {
    const first = await openEmbedded({ directory, serverSettings: FAST });
    await first.close();
    const other = createServer().listen(Number(new URL(first.url).port), "127.0.0.1");
    await once(other, "listening");
    const second = await openEmbedded({ directory, serverSettings: FAST });
    expect(second.url).not.to.equal(first.url);
    await second.close();
    other.close();
  });

  it("starts although the pid of a killed server now belongs to another process", async () => {
    const user = startUser();
    await urlOf(user);
    const pid = (await postmasterPid()) as number;
    user.kill("SIGKILL");
    process.kill(pid, "SIGKILL");
    await until("the server to be gone", () => !isRunning(pid));
    const file = join(directory, "postgres/postmaster.pid");
    await writeFile(file, (await readFile(file, "utf8")).replace(/^\d+/, String(process.pid)));
    const database = await openEmbedded({ directory, serverSettings: FAST });
    expect(await ask(database.url, "SELECT 1 AS it")).to.equal(1);
    await database.close();
  });

  it("runs in a folder that only root can reach", async function () {
    if (process.getuid?.() !== 0) skipBecause(this, "it is not run by root");
    const hidden = join(directory, "hidden");
    await mkdir(hidden);
    await chmod(hidden, 0o700);
    const database = await openEmbedded({ directory: join(hidden, "data"), serverSettings: FAST });
    expect(await ask(database.url, "SELECT 1 AS it")).to.equal(1);
    await database.close();
  });

  it("says what to do about data of another version", async () => {
    await mkdir(join(directory, "postgres"));
    await writeFile(join(directory, "postgres/PG_VERSION"), "16\n");
    const failure = await failureOf(openEmbedded({ directory }));
    expect(failure).to.be.instanceOf(EmbeddedPostgresError);
    expect((failure as Error).message).to.match(/holds data of PostgreSQL 16.*\nMove that folder away/);
  });

  it("says what to do where it cannot write", async () => {
    await writeFile(join(directory, "file"), "");
    const failure = await failureOf(openEmbedded({ directory: join(directory, "file/data") }));
    expect(failure).to.be.instanceOf(EmbeddedPostgresError);
    expect((failure as Error).message).to.include("Set DATA_DIRECTORY");
  });

  it("says what to do where its programs cannot run", async function () {
    if (platform() !== "linux") skipBecause(this, "only Linux looks for libraries in LD_LIBRARY_PATH");
    // As after an installation that was cut short: the loader finds a library of Postgres, and it is empty.
    await chmod(directory, 0o755);
    await writeFile(join(directory, "libicuuc.so.60"), "");
    const before = process.env.LD_LIBRARY_PATH;
    process.env.LD_LIBRARY_PATH = directory;
    try {
      const failure = await failureOf(openEmbedded({ directory: join(directory, "data") }));
      expect(failure).to.be.instanceOf(EmbeddedPostgresError);
      expect((failure as Error).message).to.match(
        /^The local Postgres cannot run here \(linux-\w+\): .*libicuuc\.so\.60: file too short\n.*npm rebuild.*DATABASE_URL\.$/,
      );
    } finally {
      if (before === undefined) delete process.env.LD_LIBRARY_PATH;
      else process.env.LD_LIBRARY_PATH = before;
    }
  });

  it("says why the server does not start", async () => {
    const failure = await failureOf(openEmbedded({ directory, serverSettings: { ...FAST, work_mem: "plenty" } }));
    expect(failure).to.be.instanceOf(EmbeddedPostgresError);
    expect((failure as Error).message)
      .to.include("work_mem")
      .and.to.include("DATABASE_URL");
  });
});

async function ask(url: string, statement: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    const { rows } = await client.query(statement);
    return rows[0]?.it;
  } finally {
    await client.end();
  }
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("should have failed"),
    (error: unknown) => error,
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
