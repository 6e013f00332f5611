import { expect } from "chai";
import { figure } from "./figures.js";
import { kubectl } from "./kubectl.js";
import { store } from "./settings.js";
import type { Stack } from "./stack.js";
import { ask, DATABASE, expectRates, PRICES, primary, psql, questions, staging } from "./staging.js";
import { traffic } from "./traffic.js";
import { until } from "./until.js";

const BESIDE = "restored-beside";
const AFTER = "restored-after";

const seconds = async (what: string, work: () => Promise<unknown>): Promise<void> => {
  const start = Date.now();
  await work();
  figure(what, (Date.now() - start) / 1000, "s");
};

/** All answers are as the delivery says, once the last pod is gone that used the other database. */
const expectTheDelivery = (): Promise<true> =>
  until("the restored database answers", 60_000, async () => {
    for (const question of questions) expectRates(await ask(question), question);
    return true;
  });

describe("the database of a staging stack", () => {
  let stack: Stack;
  let good: Date;
  before(async function () {
    if (!store) this.skip();
    stack = await staging();
  });

  it("has a base backup and WAL in the archive", async () => {
    const list = await stack.restore("backups");
    expect(list).to.match(/s3:\/\/backups\/ratesapp-staging-[0-9a-f]{8}, newest WAL 20/);
    expect(list).to.match(/\d{8}T\d{6} {2}complete 20/);
  });

  it("is restored to a chosen second beside the one that lost its data, right to the row", async () => {
    const on = await primary();
    good = new Date(
      (
        await psql(on, "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")
      ).trim(),
    );
    await psql(on, "TRUNCATE prices, daily_rates");
    await psql(on, "UPDATE dataset SET version = version + 1, changed_at = now()");
    await seconds("4,000,000 prices restored to a second, beside the database that serves", async () => {
      const told = await stack.restore("--to", good.toISOString(), "--name", BESIDE, "--yes");
      expect(told).to.match(/Pods still use ratesapp/);
    });
    expect(await psql(await primary(BESIDE), "SELECT count(*) FROM prices")).to.equal(String(PRICES));
    expect(await psql(on, "SELECT count(*) FROM prices")).to.equal("0");
  });

  it("is used by pods after the switch, and goes back, and no read fails", async () => {
    const stop = traffic(2, 20);
    await seconds("pods switched to the restored database", () => stack.restore("switch", "--yes"));
    await expectTheDelivery();
    await stack.restore("back", "--yes");
    await stack.restore("switch", "--yes");
    const { bad, good: answered } = await stop();
    expect(bad).to.deep.equal([]);
    expect(answered).to.be.above(100);
    await expectTheDelivery();
  });

  it("leaves a program and a cluster that agree", async () => {
    await stack.up("--expect-no-changes");
    await stack.restore("drop", "--yes");
    await stack.up("--expect-no-changes");
    expect(await kubectl(["-n", DATABASE, "get", "clusters.postgresql.cnpg.io", "-o", "name"])).to.equal(
      `cluster.postgresql.cnpg.io/${BESIDE}\n`,
    );
    await expectTheDelivery();
  });

  it("comes back from the archive alone when its namespace was deleted, right to the row", async () => {
    await kubectl(["delete", "namespace", DATABASE, "--timeout=120s"]);
    await seconds("the database of a deleted namespace brought back", async () => {
      const told = await stack.restore("--newest", "--name", AFTER, "--yes");
      expect(told).to.include(`in place of ${BESIDE}, which is gone`);
    });
    expect(await psql(await primary(AFTER), "SELECT count(*) FROM prices")).to.equal(String(PRICES));
    await expectTheDelivery();
    await stack.up("--expect-no-changes");
  });
});
