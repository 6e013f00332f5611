import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readPostmaster } from "../../app/database/embedded/postmaster.js";
import { demoPorts, demoRegions } from "../../app/demo/demo-places.js";
import { DemoSource } from "../../app/demo/demo-source.js";
import { npmStart, type Running, runRatesapp, startRatesapp } from "../app/commands/ratesapp.js";
import { createDatabase } from "../kit/database.js";

const DAY_MS = 86_400_000;

describe("ratesapp demo", function () {
  this.timeout(120_000);
  let directory: string;
  const started: Running[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "ratesapp-demo-"));
  });

  after(async () => {
    for (const { child } of started) child.kill("SIGKILL");
    await Promise.all(started.map(({ ended }) => ended));
    await rm(directory, { recursive: true, force: true });
  });

  const start = (environment: Record<string, string> = {}) => {
    const ports = { PORT: "0", ADMIN_PORT: "0", HOST: "127.0.0.1" };
    const running = startRatesapp(["demo"], { ...ports, DATA_DIRECTORY: directory, ...environment });
    started.push(running);
    return running;
  };

  const urlOf = async ({ line }: Running) => {
    const shown = (await line(/^ +Rates +http/)).trim().split(/ +/)[1] as string;
    return `${new URL(shown).origin}/`;
  };

  const stop = async ({ child, ended }: Running) => {
    child.kill("SIGINT");
    const { code, stdout, stderr } = await ended;
    return { code, stdout, stderr };
  };

  const askRates = async (url: string, from: string, to: string) => {
    const response = await fetch(`${url}rates?origin=asia&destination=europe&date_from=${from}&date_to=${to}`);
    expect(response.status).to.equal(200);
    const { rates } = (await response.json()) as { rates: { count: number | null; day: string }[] };
    return rates;
  };

  it("can be interrupted, goes on from there, and shows a year up to yesterday", async () => {
    const interrupted = start();
    await interrupted.line(/"msg":"generating prices"/);
    const first = await stop(interrupted);
    expect(first.code).to.equal(130);
    expect(first.stderr).to.match(/Stopped by SIGINT\.\n$/);

    const lastDay = Math.floor(Date.now() / DAY_MS) - 1;
    const second = start();
    const url = await urlOf(second);
    await second.line(/"days":(\d+),"of_days":\1,/);
    const iso = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10);
    const rates = await askRates(url, iso(lastDay - 364), iso(lastDay));
    expect(rates).to.have.length(365);
    expect(rates[0]?.day).to.equal(iso(lastDay));
    for (const { day, count } of rates) expect(count, day).to.be.above(20);
    expect((await fetch(`${url}regions`)).headers.has("ratelimit")).to.equal(false);

    // What is seen is what was generated, once.
    const shown = await askRates(url, iso(lastDay - 30), iso(lastDay));
    const wanted = await countGenerated(lastDay, new Set(shown.map(({ day }) => day)));
    expect(shown.map(({ day, count }) => [day, count])).to.deep.equal(shown.map(({ day }) => [day, wanted.get(day)]));

    const token = (await second.line(/^ +token: /)).trim().split(" ")[1];
    const batches = await fetch(`${url}batches`, { headers: { authorization: `Bearer ${token}` } });
    expect(batches.status).to.equal(200);
    expect((await stop(second)).code).to.equal(0);
    expect(await readPostmaster(join(directory, "postgres")), "Postgres after Ctrl-C").to.equal(undefined);
  });

  it("starts again on the same data in under three seconds", async () => {
    const tookMs = async (work: () => Promise<unknown>) => {
      const startMs = performance.now();
      await work();
      return performance.now() - startMs;
    };
    const again = start();
    let url = "";
    const startedMs = await tookMs(async () => {
      url = await urlOf(again);
      expect((await fetch(`${url}regions`)).status).to.equal(200);
    });
    expect((await stop(again)).stderr).not.to.include("generating prices");
    // On a machine that does much else, everything takes longer: how much, a command that only starts tells.
    const emptyMs = await tookMs(() => runRatesapp(["--version"]));
    expect(startedMs).to.be.below(Math.max(3_000, 6 * emptyMs));
  });

  it("is there for this machine alone, unless HOST says otherwise", async () => {
    for (const [host, address] of [
      ["", "127.0.0.1"],
      ["0.0.0.0", "0.0.0.0"],
    ] as const) {
      const shown = start({ HOST: host });
      const { listening } = JSON.parse(await shown.line(/"msg":"serving"/)) as { listening: string[] };
      expect(listening.map((bound) => bound.split(":")[0])).to.deep.equal([address, address]);
      await stop(shown);
    }
  });

  it("ends, with its Postgres, when the npm that started it is told to", async () => {
    const underNpm = npmStart({ PORT: "0", ADMIN_PORT: "0", DATA_DIRECTORY: directory });
    started.push(underNpm);
    await underNpm.line(/^ +Rates +http/);
    underNpm.child.kill("SIGTERM");
    expect((await underNpm.ended).stderr).to.include('"msg":"stopped"');
    expect(await readPostmaster(join(directory, "postgres"))).to.equal(undefined);
  });

  it("leaves the data of others alone", async () => {
    const database = await createDatabase();
    try {
      await database.pool.query("INSERT INTO places (code, kind, name) VALUES ('elsewhere', 'region', 'Elsewhere')");
      const other = start({ DATABASE_URL: database.url });
      await urlOf(other);
      const { stderr } = await stop(other);
      expect(stderr).to.include("the database holds data of its own");
      const { rows } = await database.pool.query("SELECT code FROM places");
      expect(rows).to.deep.equal([{ code: "elsewhere" }]);
    } finally {
      await database.drop();
    }
  });
});

/** Generated prices from Asia to Europe by day. */
async function countGenerated(lastDay: number, days: ReadonlySet<string>): Promise<Map<string, number>> {
  const regionOf = new Map(demoPorts.map(({ code, region }) => [code, region]));
  const parents = new Map(demoRegions.map(({ slug, parent }) => [slug, parent]));
  const topOf = (code: string) => {
    let slug = regionOf.get(code) as string;
    for (let parent = parents.get(slug); parent; parent = parents.get(slug)) slug = parent;
    return slug;
  };
  const counts = new Map<string, number>();
  for await (const delivery of new DemoSource({ lastDay }).list()) {
    for await (const chunk of delivery.read(0, null)) {
      for (const line of chunk.toString().split("\n")) {
        const [origin, destination, day] = line.split(",");
        if (!origin || !destination || !day || !days.has(day)) continue;
        if (topOf(origin) !== "asia" || topOf(destination) !== "europe") continue;
        counts.set(day, (counts.get(day) ?? 0) + 1);
      }
    }
  }
  return counts;
}
