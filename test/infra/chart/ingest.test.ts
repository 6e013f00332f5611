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

  it("is retracted before its operator goes: Pulumi deletes such Feeds before all that the operator needs", async () => {
    const feed = { schedule: "@daily", source: "https://prices.example/" };
    const values = { ...present(releases["everything that can be said"]), networkPolicy: { enabled: true } };
    const objects = await render({ ...values, feeds: { kept: feed, taken: { ...feed, onDelete: "Retract" } } });
    const referenceOf = ({ apiVersion = "", kind, metadata }: KubernetesObject) => {
      const [group = "", version] = apiVersion.split("/");
      return `${version === undefined ? "" : group}/namespaces/rates/${kind}/${metadata?.name}`;
    };
    const needed = objects
      .filter(({ kind, metadata }) =>
        ["ServiceAccount", "Deployment", "Role", "RoleBinding"].includes(kind ?? "")
          ? metadata?.name === "ratesapp-operator"
          : kind === "NetworkPolicy" && /^ratesapp-(operator|database)$/.test(metadata?.name ?? ""),
      )
      .map(referenceOf);
    const annotationOf = (name: string) =>
      objects.find(({ kind, metadata }) => kind === "Feed" && metadata?.name === name)?.metadata?.annotations?.[
        "config.kubernetes.io/depends-on"
      ];
    expect(needed).to.have.length(6);
    expect(annotationOf("taken")?.split(",")).to.have.members(needed);
    expect(annotationOf("kept")).to.equal(undefined);
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
