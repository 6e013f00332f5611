import { expect } from "chai";
import { until } from "../../kit/until.js";
import { imageOf, type Running, skipWithoutWorld, World } from "./world.js";

const SLOW = { timeoutMs: 90_000, everyMs: 50 };

/** Waits until a command has written this. */
const says = (running: Running, text: string) =>
  until(`the command says: ${text}`, () => running.output().includes(text), SLOW).catch((error: Error) => {
    throw new Error(`${error.message}\n${running.output()}`);
  });

async function kill(running: Running): Promise<void> {
  running.child.kill("SIGKILL");
  await running.ended;
}

describe("a release by a canary", function () {
  this.timeout(240_000);

  let world: World;
  let version = 1;
  let runs = imageOf(version);
  /** An image that was never released. */
  const next = () => {
    version += 1;
    return imageOf(version);
  };

  before(async function () {
    await skipWithoutWorld(this);
    world = await World.start("canary");
  });
  after(() => world?.close());
  beforeEach(() => {
    world.kubelet.least = Number.POSITIVE_INFINITY;
  });

  /** All run this image, and an `up` by another user changes nothing. */
  async function agreed(image: string): Promise<void> {
    expect(await world.images()).to.deep.equal({ api: image, operator: image });
    expect((await world.rollout()).status?.phase).to.equal("Healthy");
    expect(await world.upAgain()).to.deep.equal([]);
    runs = image;
  }

  const outcomes = async (image: string) =>
    (await world.record.all()).filter((one) => one.image === image).map(({ end }) => end?.outcome);

  it("begins with a Deployment without pods, and an `up` that changes nothing", async () => {
    await until("Argo Rollouts has scaled it", async () => (await world.deploymentReplicas()) === 0, SLOW);
    await agreed(runs);
  });

  it("goes step by step with as many pods as there were, and what ingests comes last", async () => {
    await world.scale(5);
    world.kubelet.least = Number.POSITIVE_INFINITY;
    const image = next();
    const { code, output } = await world.release("--image", image);
    expect(output).to.match(/step 2 of 4, weight 10 %: new 1\/1 pods ready, old 5\/5 pods ready/);
    expect(output).to.match(/weight 40 %: new 2\/2 pods ready/);
    expect(output).to.match(/checks +error-percent none, .*pods-seen 1/);
    expect(output.indexOf("5/5 pods ready\n")).to.be.below(output.indexOf("what ingests gets"));
    expect(output).to.include(`RELEASED: ${image} runs`).and.to.include("--stack staging --rollback");
    expect(code).to.equal(0);
    expect(world.kubelet.least).to.be.at.least(5);
    expect((await world.rollout()).spec.replicas).to.equal(5);
    await agreed(image);
    await world.scale(3);
  });

  it("that answers with errors is taken back alone, before half of the pods run it", async () => {
    const image = next();
    world.measured.set(image, { 'status=~"5.."': 7.5 });
    const { code, output } = await world.release("--image", image);
    expect(output).to.include("error-percent 7.5 (failed)");
    expect(output)
      .to.include(`TAKEN BACK: ${runs} runs as before`)
      .and.to.match(/"error-percent" assessed Failed/);
    expect(code).to.equal(1);
    expect(world.kubelet.most.get(image)).to.equal(1);
    expect(world.kubelet.least).to.be.at.least(3);
    await agreed(runs);
  });

  for (const [what, query, value] of [
    ["is slow", "histogram_quantile", 1.5],
    ["waits for the database", "waiting", 11],
    ["ends again and again", "restarts", 2],
    ["is not seen by Prometheus", "sum(up", 0],
  ] as const) {
    it(`that ${what} is taken back alone`, async () => {
      const image = next();
      world.measured.set(image, { [query]: value });
      const { code, output } = await world.release("--image", image);
      expect(output).to.match(/TAKEN BACK: .*\n.*assessed Failed/);
      expect(code).to.equal(1);
      await agreed(runs);
    });
  }

  it("whose servers end at their start is taken back, and says so", async () => {
    const image = next();
    world.fates.set(image, "crashes");
    const { code, output } = await world.release("--image", image);
    expect(output).to.match(/TAKEN BACK: .*\n.*container api ended 2 times/);
    expect(code).to.equal(1);
    expect(world.kubelet.least).to.be.at.least(3);
    await agreed(runs);
  });

  it("whose migration fails is taken back before a pod of it serves", async () => {
    const image = next();
    world.failingMigrations.add(image);
    world.fates.set(image, "waits");
    const { code, output } = await world.release("--image", image);
    expect(output)
      .to.match(/TAKEN BACK: .*\n.*pulumi up failed/)
      .and.to.include("BackoffLimitExceeded");
    expect(code).to.equal(1);
    await agreed(runs);
  });

  it("is followed by others, refused to them, and ended by one of them", async () => {
    const image = next();
    const releasing = world.start("--image", image);
    await says(releasing, "step 2 of 4");
    const following = world.start("--follow");
    const second = await world.release("--image", next());
    expect(second.output).to.include("is releasing. Follow it with --follow, or end it with --abort.");
    expect(second.code).to.equal(1);
    await says(following, "of 4, weight");
    const abort = await world.release("--abort");
    expect(abort.output).to.include(`ABORTED: ${runs} runs as before`);
    expect(abort.code).to.equal(0);
    const [released, followed] = await Promise.all([releasing.ended, following.ended]);
    expect(released.output).to.match(/ABORTED: .*\n.*: aborted by .*\(releaser\)/);
    expect([released.code, followed.code]).to.deep.equal([1, 1]);
    await agreed(runs);
  });

  it("is taken back by one command, without steps", async () => {
    const [before, image] = [runs, next()];
    expect((await world.release("--image", image)).code).to.equal(0);
    // The checks of a canary would stop it.
    world.measured.set(before, { 'status=~"5.."': 100 });
    const { code, output } = await world.release("--rollback");
    world.measured.delete(before);
    expect(output)
      .to.include(`RELEASED: ${before} runs`)
      .and.to.not.match(/step [234] of 4, weight [14]0 %/);
    expect(code).to.equal(0);
    await agreed(before);
    const { output: history } = await world.release("--history");
    expect(history).to.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+s +\S+ +rollback +released +.*@.* \(releaser\)/);
  });

  for (const [when, text] of [
    ["as it begins", "is released in place of"],
    ["while servers are replaced", "step 2 of 4"],
    ["when servers are replaced", "what ingests gets"],
  ] as const) {
    it(`that is killed ${when} goes on with the same command`, async () => {
      const image = next();
      const releasing = world.start("--image", image);
      await says(releasing, text);
      await kill(releasing);
      const followed = await world.release("--follow");
      expect(followed.output).to.match(/NOT ENDED: .*\nGo on: npm run release -- --stack staging --image/);
      expect(followed.code).to.equal(1);
      const { code, output } = await world.release("--image", image);
      expect(output).to.include(`going on with ${image}`);
      expect(code).to.equal(0);
      expect(await outcomes(image)).to.deep.equal(["released"]);
      await agreed(image);
    });
  }

  it("that is killed together with its pulumi goes on, and takes the lock of the lost one away", async () => {
    const image = next();
    const releasing = world.start("--image", image);
    await says(releasing, "is released in place of");
    const pid = await until("pulumi is at work", () => world.pulumi(), SLOW);
    process.kill(pid, "SIGKILL");
    await kill(releasing);
    const { code, output } = await world.release("--image", image);
    expect(output).to.match(/the pulumi that locked the stack \(process \d+\) is gone; its lock is taken away/);
    expect(code).to.equal(0);
    await agreed(image);
  });

  it("that is killed with a bad image is stopped all the same, and the same command says so", async () => {
    const image = next();
    world.measured.set(image, { 'status=~"5.."': 50 });
    const releasing = world.start("--image", image);
    await says(releasing, "step 1 of 4");
    await kill(releasing);
    await until("Argo Rollouts has stopped it", async () => (await world.rollout()).status?.abort === true, SLOW);
    const { code, output } = await world.release("--image", image);
    expect(output).to.match(/TAKEN BACK: .*\n.*assessed Failed/);
    expect(code).to.equal(1);
    expect(await outcomes(image)).to.deep.equal(["taken back"]);
    await agreed(runs);
  });

  it("that is killed while it is taken back is taken back by the next command", async () => {
    const image = next();
    world.fates.set(image, "crashes");
    const releasing = world.start("--image", image);
    await says(releasing, "is taken back");
    await kill(releasing);
    const { code } = await world.release("--abort");
    expect(code).to.equal(0);
    await agreed(runs);
  });
});
