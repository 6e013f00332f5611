import { expect } from "chai";
import { backUp, damage } from "./backups.js";
import { figure } from "./figures.js";
import { get, kubectl, pods, program } from "./kubectl.js";
import { store } from "./settings.js";
import type { Stack } from "./stack.js";
import { DATABASE, instances, PRICES, primary, psql, staging, WORKLOADS } from "./staging.js";
import { until } from "./until.js";

const COPY = "ratesapp-drill-copy";

describe("the restore drill of a staging stack", () => {
  let stack: Stack;
  /** Name of the database that pods use, which is restored in other tests. */
  let serving = "";
  let taken: { id: string; seconds: number };
  before(async function () {
    if (!store) this.skip();
    stack = await staging();
    serving = (await stack.outputs()).databaseState?.split(" ").at(-1) ?? "";
    // The backup then has the data. Otherwise it would begin before them, and WAL would replace what is damaged in it.
    await psql(await primary(serving), "CHECKPOINT");
    for (const replica of await instances("replica", serving)) await psql(replica, "CHECKPOINT");
    taken = await backUp(`before-${Date.now()}`, serving);
  });
  // The restores of other tests begin with it.
  after(async () => {
    if (serving) await backUp(`after-${Date.now()}`, serving);
  });

  const start = (job: string) => kubectl(["-n", DATABASE, "create", "job", job, `--from=cronjob/ratesapp-drill`]);
  /** Returns what the drill wrote, and how its Job ended. */
  const end = (job: string) =>
    until(`${job} ends`, 900_000, async () => {
      type Job = { status: { conditions?: { type: string; status: string }[] } };
      const { status } = await get<Job>("job", job, "-n", DATABASE);
      const last = status.conditions?.find(({ type, status: is }) => /^(Complete|Failed)$/.test(type) && is === "True");
      return last && { how: last.type, said: await kubectl(["-n", DATABASE, "logs", `job/${job}`]) };
    });
  const events = () => kubectl(["-n", DATABASE, "events", `--for=cluster.postgresql.cnpg.io/${serving}`]);
  const metrics = async () => {
    const [operator] = await pods(WORKLOADS, "app.kubernetes.io/component=operator");
    const scrape = `console.log(await (await fetch("http://127.0.0.1:9464/metrics")).text())`;
    return (await program(WORKLOADS, operator?.metadata.name ?? "", "operator", scrape)).split("\n");
  };
  const left = () =>
    kubectl(["-n", DATABASE, "get", "pods,persistentvolumeclaims", "-o", "name", "-l", `cnpg.io/cluster=${COPY}`]);

  it("restores the newest backup, finds it right, says so, and leaves nothing behind", async () => {
    const began = Date.now();
    const job = `drill-${began}`;
    await start(job);
    const { how, said } = await end(job);
    figure(`restore drill of ${PRICES} prices`, (Date.now() - began) / 1000, "s");
    expect(said).to.include(`Backup ${taken.id}`).and.include("4,000,000 prices, and 100 questions");
    expect(how).to.equal("Complete");
    expect(await events()).to.match(new RegExp(`RestoreDrillPassed.*Backup ${taken.id}`));
    await until("the operator tells it", 30_000, async () =>
      (await metrics()).includes("ratesapp_restore_drill_passed 1"),
    );
    expect(await left()).to.equal("");
  });

  it("that is killed leaves a copy, which the next drill deletes", async () => {
    const job = `killed-${Date.now()}`;
    await start(job);
    await until("a copy is being made", 300_000, async () => /pod/.test(await left()));
    await kubectl(["-n", DATABASE, "delete", "pod", "-l", `job-name=${job}`, "--grace-period=0", "--force"]);
    type Cluster = { metadata: { ownerReferences: { kind: string; name: string }[] } };
    const { metadata } = await get<Cluster>("clusters.postgresql.cnpg.io", COPY, "-n", DATABASE);
    expect(metadata.ownerReferences[0]).to.include({ kind: "Job", name: job });
  });

  it("finds a backup that was damaged on purpose", async () => {
    const { archives } = (await stack.outputs()) as unknown as { archives: Record<string, string> };
    await damage(archives[serving] ?? "", taken.id);
    const job = `damaged-${Date.now()}`;
    await start(job);
    const { how, said } = await end(job);
    expect(how).to.equal("Failed");
    expect(said).to.match(new RegExp(`Backup ${taken.id}, .* did not pass: .*(invalid page|checksum|prices instead)`));
    expect(await events()).to.match(/RestoreDrillFailed/);
    await until("the operator tells it", 30_000, async () =>
      (await metrics()).includes("ratesapp_restore_drill_passed 0"),
    );
    expect(await left()).to.equal("");
  });
});
