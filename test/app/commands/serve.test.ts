import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { readPostmaster } from "../../../app/database/embedded/postmaster.js";
import { migrate } from "../../../app/database/migrate.js";
import { createDatabase, useDatabase } from "../../kit/database.js";
import { exchange } from "../../kit/exchange.js";
import { skipBecause } from "../../kit/skip.js";
import { until } from "../../kit/until.js";
import { type Running, runRatesapp, startRatesapp } from "./ratesapp.js";

const ANY_PORT = { PORT: "0", ADMIN_PORT: "0", HOST: "127.0.0.1" };

describe("ratesapp serve", function () {
  this.timeout(60_000);
  const test = useDatabase();
  let running: Running | undefined;

  afterEach(async () => {
    running?.child.kill("SIGKILL");
    await running?.ended;
    running = undefined;
  });

  const serve = async (environment: Record<string, string>) => {
    running = startRatesapp(["serve"], { ...ANY_PORT, ...environment });
    const line = await running.line(/"msg":"serving"/);
    return { ...running, ...(JSON.parse(line) as { api: string; admin: string; listening: string[] }) };
  };

  it("answers every request that was sent before SIGTERM, and ends with 0", async () => {
    const { api, admin, child, ended } = await serve({
      DATABASE_URL: test.url,
      RATE_LIMIT_PER_SECOND: "0",
      PRE_STOP_SECONDS: "2",
    });
    expect((await fetch(`${admin}/readyz`)).status).to.equal(200);
    const statuses: number[] = [];
    let stopped = false;
    const client = async () => {
      while (!stopped) {
        const response = await fetch(`${api}/regions`);
        statuses.push(response.status);
        await response.arrayBuffer();
      }
    };
    const clients = Array.from({ length: 8 }, client);
    await until("clients have answers", () => statuses.length > 8);
    child.kill("SIGTERM");
    // A load balancer learns it from /readyz and sends new requests elsewhere.
    await until("it is not ready", async () => (await fetch(`${admin}/readyz`)).status === 503);
    stopped = true;
    await Promise.all(clients);
    const { code, stderr } = await ended;
    expect(code).to.equal(0);
    expect(new Set(statuses)).to.deep.equal(new Set([200]));
    expect(statuses.length).to.be.above(8);
    expect(stderr).to.include('"msg":"stopped"');
  });

  it("gives every answer an id, by which its log lines are found", async () => {
    const { api, line } = await serve({
      DATABASE_URL: "postgres://stranger@127.0.0.1:1/none",
      REQUEST_TIMEOUT_MS: "200",
      LOG_LEVEL: "debug",
    });
    const requests = [
      ["GET", "/", 200],
      ["HEAD", "/docs", 200],
      ["OPTIONS", "/rates", 204],
      ["GET", "/rates", 400],
      ["GET", "/batches", 401],
      ["GET", "/nowhere", 404],
      ["POST", "/rates", 405],
      ["GET", "/regions", 503],
    ] as const;
    for (const [method, path, status] of requests) {
      for (const given of [undefined, `given-${method}${path}`]) {
        const answer = await fetch(api + path, { method, headers: given ? { "X-Request-Id": given } : {} });
        expect(answer.status, path).to.equal(status);
        const id = answer.headers.get("x-request-id") as string;
        expect(id).to.match(given ? new RegExp(`^${given}$`) : /^[0-9a-f-]{36}$/);
        const logged = JSON.parse(await line(new RegExp(`"request_id":"${id}".*"msg":"request"`)));
        expect(logged).to.include({ method, url: path, status });
        if (status === 503) await line(new RegExp(`"request_id":"${id}".*"problem":"database-away".*"request failed"`));
      }
    }
    const malformed = await exchange(api, "hello\r\n\r\n");
    expect(malformed.status).to.equal(400);
    await line(new RegExp(`"request_id":"${malformed.headers.get("x-request-id")}".*"problem":"malformed-request"`));
  });

  it("ends at once when asked a second time", async () => {
    const { child, line, ended } = await serve({ DATABASE_URL: test.url, PRE_STOP_SECONDS: "60" });
    child.kill("SIGINT");
    await line(/"msg":"draining"/);
    // The same Ctrl-C, by way of npm.
    child.kill("SIGINT");
    await sleep(600);
    expect(child.exitCode).to.equal(null);
    child.kill("SIGINT");
    expect((await ended).code).to.equal(130);
  });

  it("is not ready until the given database is migrated, and then is without a restart", async () => {
    const empty = await createDatabase({ empty: true });
    try {
      const { api, admin } = await serve({ DATABASE_URL: empty.url });
      expect((await fetch(`${admin}/livez`)).status).to.equal(200);
      expect((await fetch(`${admin}/readyz`)).status).to.equal(503);
      expect(
        (await fetch(`${api}/rates?origin=A&destination=B&date_from=2026-01-01&date_to=2026-01-01`)).status,
      ).to.equal(503);
      await migrate(empty.url);
      await until("it is ready", async () => (await fetch(`${admin}/readyz`)).status === 200);
      expect((await fetch(`${api}/regions`)).status).to.equal(200);
    } finally {
      await empty.drop();
    }
  });

  it("takes a local Postgres without a database, shares it with other commands, and takes it along when it ends", async () => {
    const directory = await mkdtemp(join(tmpdir(), "ratesapp-serve-"));
    try {
      const { admin, child, ended } = await serve({ DATA_DIRECTORY: directory });
      expect((await fetch(`${admin}/readyz`)).status).to.equal(200);
      const postmaster = await readPostmaster(join(directory, "postgres"));
      expect((await runRatesapp(["migrate"], { DATA_DIRECTORY: directory })).code).to.equal(0);
      expect(await readPostmaster(join(directory, "postgres"))).to.deep.equal(postmaster);
      child.kill("SIGTERM");
      expect((await ended).code).to.equal(0);
      expect(await readPostmaster(join(directory, "postgres"))).to.equal(undefined);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it("listens on IPv6 and IPv4 on both ports, unless HOST says otherwise", async function () {
    if (!hasIpv6()) skipBecause(this, "this machine has no IPv6");
    const reach = async (host: string) => {
      const { api, admin, listening } = await serve({ DATABASE_URL: test.url, HOST: host });
      const reached = [];
      for (const address of ["127.0.0.1", "[::1]"]) {
        for (const url of [api, admin]) {
          const { status } = await fetch(`http://${address}:${new URL(url).port}/`).catch(() => ({ status: 0 }));
          if (status > 0) reached.push(`${address} ${url === api ? "api" : "admin"}`);
        }
      }
      running?.child.kill("SIGKILL");
      return { reached, bound: listening.map((bound) => bound.replace(/:\d+$/, "")) };
    };
    const four = ["127.0.0.1 api", "127.0.0.1 admin"];
    const six = ["[::1] api", "[::1] admin"];
    expect(await reach("")).to.deep.equal({ reached: [...four, ...six], bound: ["[::]", "[::]"] });
    expect(await reach("0.0.0.0")).to.deep.equal({ reached: four, bound: ["0.0.0.0", "0.0.0.0"] });
    expect(await reach("::1")).to.deep.equal({ reached: six, bound: ["[::1]", "[::1]"] });
  });

  it("counts a client's requests by its IPv4 address on a socket for both", async function () {
    if (!hasIpv6()) skipBecause(this, "this machine has no IPv6");
    const { api } = await serve({
      DATABASE_URL: test.url,
      HOST: "",
      TRUSTED_PROXIES: "127.0.0.1",
      RATE_LIMIT_PER_SECOND: "1",
      RATE_LIMIT_BURST: "3",
    });
    const ask = async (client: string) =>
      (await fetch(`${api}/docs/errors`, { headers: { "X-Forwarded-For": client } })).headers.get("ratelimit");
    expect(await ask("198.51.100.1")).to.match(/r=2/);
    expect(await ask("198.51.100.2"), "another one: the proxy is known").to.match(/r=2/);
    expect(await ask("::ffff:198.51.100.1"), "the same one").to.match(/r=1/);
  });

  it("names the port that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { code, stderr } = await runRatesapp(["serve"], {
      ...ANY_PORT,
      DATABASE_URL: test.url,
      PORT: String(port),
    });
    other.close();
    expect(code).to.equal(1);
    expect(stderr).to.equal(`Port ${port} is taken. Set PORT or ADMIN_PORT to another one, or to 0 for any.\n`);
  });

  it("ends with 2 for an address that is not of this machine, and for a file of tokens that is not there", async () => {
    const serve = (given: Record<string, string>) =>
      runRatesapp(["serve"], { ...ANY_PORT, DATABASE_URL: test.url, ...given });
    const elsewhere = await serve({ HOST: "192.0.2.1" });
    expect(elsewhere.stderr).to.match(/^Cannot listen on 192\.0\.2\.1, port 0: /);
    expect(elsewhere.code).to.equal(2);
    const noTokens = await serve({ WRITE_TOKENS_FILE: "no-such-file" });
    expect(noTokens.stderr).to.include(
      "\n  WRITE_TOKENS_FILE: names a file that cannot be read: no such file or directory",
    );
    expect(noTokens.code).to.equal(2);
  });
});

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === "::1"));
}
