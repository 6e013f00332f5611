import { expect } from "chai";
import { until } from "../../kit/until.js";
import { imageOf, skipWithoutWorld, World } from "./world.js";

describe("a release by blue and green", function () {
  this.timeout(240_000);

  let world: World;
  before(async function () {
    await skipWithoutWorld(this);
    world = await World.start("blueGreen");
  });
  after(() => world?.close());
  beforeEach(() => {
    world.kubelet.least = Number.POSITIVE_INFINITY;
  });

  /** The image that the Service leads to. */
  const served = async () => world.kubelet.images.get((await world.selector("ratesapp")) ?? "");

  it("is served when all of its pods are ready, and the pods before stay", async () => {
    const releasing = world.start("--image", imageOf(2));
    await until("requests change over", async () => (await served()) === imageOf(2), { timeoutMs: 90_000 });
    expect(await world.available(imageOf(2))).to.equal(3);
    const { code, output } = await releasing.ended;
    expect(output).to.include(`RELEASED: ${imageOf(2)} runs`);
    expect(code).to.equal(0);
    expect(world.kubelet.least).to.be.at.least(3);
    expect(await world.startedPods(imageOf(1))).to.have.lengthOf(3);
    expect(await world.upAgain()).to.deep.equal([]);
  });

  it("goes back to the pods before at once, and starts none", async () => {
    const started = await world.startedPods(imageOf(1));
    const { code, output } = await world.release("--rollback");
    expect(output).to.include(`RELEASED: ${imageOf(1)} runs`);
    expect(code).to.equal(0);
    expect(await served()).to.equal(imageOf(1));
    expect(await world.startedPods(imageOf(1))).to.deep.equal(started);
    expect(await world.upAgain()).to.deep.equal([]);
  });

  it("that answers with errors gives the requests back to the pods before, which are still there", async () => {
    world.measured.set(imageOf(3), { 'status=~"5.."': 40 });
    const started = await world.startedPods(imageOf(1));
    const { code, output } = await world.release("--image", imageOf(3));
    expect(output).to.match(/TAKEN BACK: .*\n.*"error-percent" assessed Failed/);
    expect(code).to.equal(1);
    expect(await served()).to.equal(imageOf(1));
    expect(await world.startedPods(imageOf(1))).to.deep.equal(started);
    expect(await world.upAgain()).to.deep.equal([]);
  });

  it("whose servers end at their start gets no request", async () => {
    world.fates.set(imageOf(4), "crashes");
    const { code } = await world.release("--image", imageOf(4));
    expect(code).to.equal(1);
    expect(await served()).to.equal(imageOf(1));
    expect(world.kubelet.least).to.be.at.least(3);
    expect(await world.upAgain()).to.deep.equal([]);
  });
});
