import { expect } from "chai";
import { skipBecause } from "../kit/skip.js";
import { promised } from "./figures.js";
import { get } from "./kubectl.js";
import { IMAGE } from "./settings.js";
import type { Stack } from "./stack.js";
import { staging, WORKLOADS } from "./staging.js";
import { traffic } from "./traffic.js";

// Images that test/cluster/releases makes of $RATESAPP_IMAGE: `docker build -t IMAGE-next test/cluster/releases/next`, and so on.
const [NEXT, ...BAD] = ["next", "errors", "slow", "crash"].map((name) => `${IMAGE}-${name}`) as [string, ...string[]];

describe("releases of a staging stack under load", () => {
  let stack: Stack;
  before(async function () {
    if (!process.env.RATESAPP_RELEASES) {
      skipBecause(this, "RATESAPP_RELEASES does not say that the registry has the images of test/cluster/releases");
    }
    stack = await staging();
    if ((await stack.strategy()) === "rolling")
      skipBecause(this, "the cluster has no Prometheus, so there is no Rollout");
  });

  type Rollout = { status: { phase: string } };
  const phase = async () => (await get<Rollout>("rollout", "ratesapp-api", "-n", WORKLOADS)).status.phase;

  /** Makes a release under load. @returns its exit code, the seconds that it took, and the load. */
  async function underLoad(...options: string[]) {
    const stop = traffic(4, 20);
    const start = Date.now();
    const { code, output } = await stack.release(...options);
    const seconds = (Date.now() - start) / 1000;
    return { code, output, seconds, ...(await stop()) };
  }

  it("fail no request, and an `up` after them changes nothing", async () => {
    const { bad, code, good, output, seconds } = await underLoad("--image", NEXT);
    expect(code, output).to.equal(0);
    expect(bad).to.deep.equal([]);
    expect(good).to.be.above(100);
    promised("release by a canary, with pauses of 15 s", seconds, "s", 300);
    await stack.up("--expect-no-changes");
  });

  it("are taken back by one command, and no request fails", async () => {
    const { bad, code, output, seconds } = await underLoad("--rollback");
    expect(code, output).to.equal(0);
    expect(bad).to.deep.equal([]);
    promised("rollback", seconds, "s", 180);
    await stack.up("--expect-no-changes");
  });

  for (const image of BAD) {
    it(`of ${image} are stopped alone, before half of the requests see them`, async () => {
      const { bad, code, good, output, seconds } = await underLoad("--image", image);
      expect(code, output).to.equal(1);
      expect(output)
        .to.include("TAKEN BACK")
        .and.to.not.match(/weight (5\d|[6-9]\d|100) %/);
      // Those of `errors` are what its checks have to see.
      expect(bad.length).to.be.below(image.endsWith("errors") ? (good + bad.length) / 2 : 1);
      promised(`${image} released and taken back`, seconds, "s", 240);
      expect(await phase()).to.equal("Healthy");
      await stack.up("--expect-no-changes");
    });
  }
});
