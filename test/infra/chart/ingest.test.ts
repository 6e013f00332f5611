import { readFileSync } from "node:fs";
import type { V1CronJob } from "@kubernetes/client-node";
import { expect } from "chai";
import { load } from "js-yaml";
import { render, skipWithoutHelm } from "./helm.js";
import { type KubernetesObject, nameOf, present } from "./kubernetes-object.js";
import { releases } from "./releases.js";

const madeBefore = load(readFileSync(new URL("../golden/ingest.yaml", import.meta.url), "utf8")) as KubernetesObject[];

describe("what the operator makes of feeds", function () {
  this.timeout(60_000);
  before(skipWithoutHelm);

  it("is to the last field what the chart made of them before, but for where a run is told of its delivery", async () => {
    const values = structuredClone(present(releases["everything that can be said"])) as { database: object };
    // Which came later.
    Object.assign(values.database, { ca: { configMapName: "" } });
    const made = (await render(values)).filter(({ metadata }) => /-ingest-/.test(metadata?.name ?? ""));
    const byName = (objects: KubernetesObject[]) =>
      Object.fromEntries(objects.map((it) => [nameOf(it), comparable(it)]));
    expect(byName(made)).to.deep.equal(byName(madeBefore));
  });
});

/** Without what is meant to differ: who manages an object, and options in place of a file of feeds. */
function comparable(object: KubernetesObject): KubernetesObject {
  const copy = structuredClone(object);
  const metadata = present(copy.metadata);
  delete metadata.ownerReferences;
  delete metadata.labels?.["helm.sh/chart"];
  delete metadata.labels?.["app.kubernetes.io/managed-by"];
  const pod = (copy as V1CronJob).spec?.jobTemplate?.spec?.template?.spec;
  if (!pod) return copy;
  const container = present(pod.containers[0]);
  container.args = present(container.args).slice(0, 4);
  container.env = present(container.env).filter(({ name }) => name !== "FEEDS_FILE");
  delete container.terminationMessagePolicy;
  container.volumeMounts = (container.volumeMounts ?? []).filter(({ name }) => name !== "feeds");
  pod.volumes = (pod.volumes ?? []).filter(({ name }) => name !== "feeds");
  return copy;
}
