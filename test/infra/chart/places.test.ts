import { randomBytes } from "node:crypto";
import type { V1ConfigMap, V1Job } from "@kubernetes/client-node";
import { expect } from "chai";
import { HelmError, render, skipWithoutHelm, stored, type Values } from "./helm.js";
import { type KubernetesObject, ofKind, podsOf, present } from "./kubernetes-object.js";

const release = { database: { owner: { secretName: "postgres" } } };
const ports = 'code,name,parent_slug\nCNSGH,"Shanghai: ""the port""",china_main\n';
const regions = "slug,name,parent_slug\n";

const jobOf = async (values: Values) =>
  ofKind<V1Job>(await render({ ...release, ...values }), "Job").find(({ metadata }) =>
    metadata?.name?.includes("-places-"),
  );
const nameOf = async (places: Values, more: Values = {}) => present((await jobOf({ ...more, places }))?.metadata?.name);

const messageOf = (places: Values) =>
  render({ ...release, places }).then(
    () => "nothing",
    (error: unknown) => {
      if (error instanceof HelmError) return error.message;
      throw error;
    },
  );

const placesOf = (objects: KubernetesObject[]) =>
  ofKind<V1ConfigMap>(objects, "ConfigMap").find(({ data }) => data?.["ports.csv"]);

/** Text that no compression makes much smaller. */
const noise = (length: number) => randomBytes(length).toString("base64").slice(0, length);

describe("places in the chart", function () {
  this.timeout(30_000);
  before(skipWithoutHelm);

  it("are imported again when, and only when, they change", async () => {
    const objects = await render({ ...release, places: { ports, regions } });
    const files = placesOf(objects);
    expect(files?.data).to.deep.equal({ "ports.csv": ports, "regions.csv": regions });
    expect(volumeOf(objects)).to.deep.equal({ name: "places", configMap: { name: files?.metadata?.name } });
    const name = await nameOf({ ports, regions });
    expect(await nameOf({ ports, regions }, { api: { preStopSeconds: 1 } })).to.equal(name);
    expect(await nameOf({ ports: `${ports}CNNGB,Ningbo,china_main\n`, regions })).not.to.equal(name);
  });

  it("up to the limit fit into Helm's Secret and kubectl's annotation", async () => {
    const largest = { ports: noise(249_900), regions };
    const objects = await render({ ...release, places: largest });
    expect((await stored({ ...release, places: largest })).length).to.be.lessThan(2 ** 20);
    // As kubectl notes it: escaped for HTML, too.
    const note = (places: Values) =>
      JSON.stringify({ ...ofKind(objects, "ConfigMap")[0], data: places }).replace(/[<>&]/g, "\\u0000");
    expect(note(largest).length).to.be.lessThan(2 ** 18);
    const escaped = { ports: '"<'.repeat(31_237), regions };
    expect(await messageOf(escaped)).to.equal("nothing");
    expect(note(escaped).length).to.be.within(250_000, 2 ** 18);
  });

  it("beyond the limit are refused with the way out", async () => {
    for (const places of [
      { ports: noise(250_000), regions },
      { ports: "\n".repeat(125_000), regions },
      { ports, regions: "上".repeat(83_400) },
    ])
      expect(await messageOf(places)).to.match(
        /places: ports and regions are 25\d{4} bytes .* bring them in places.configMapName or places.claimName/,
      );
  });

  it("come from a ConfigMap or a claim of one's own, again for each revision", async () => {
    const configMap = { configMapName: "my-places", revision: "1" };
    const objects = await render({ ...release, places: configMap });
    expect(placesOf(objects)).to.equal(undefined);
    expect(volumeOf(objects)).to.deep.equal({ name: "places", configMap: { name: "my-places" } });
    const claim = await render({ ...release, places: { claimName: "files" } });
    expect(volumeOf(claim)).to.deep.equal({
      name: "places",
      persistentVolumeClaim: { claimName: "files", readOnly: true },
    });
    expect(await nameOf(configMap)).to.equal(await nameOf({ ...configMap }));
    expect(await nameOf({ ...configMap, revision: "2" })).not.to.equal(await nameOf(configMap));
    expect(await nameOf({ configMapName: "others", revision: "1" })).not.to.equal(await nameOf(configMap));
  });

  it("that are none are not imported", async () => expect(await jobOf({})).to.equal(undefined));

  it("are refused where they do not fit together", async () => {
    const cases: [Values, string][] = [
      [{ ports }, "places: ports and regions are imported together"],
      [{ ports, regions, claimName: "files" }, "places: ports, configMapName and claimName each bring the places"],
      [{ configMapName: "a", claimName: "b" }, "places: ports, configMapName and claimName each bring the places"],
      // What Helm makes of bytes that are not UTF-8.
      [{ ports: "code,name\nDEHAM,K\ufffdln\n", regions }, "places.ports: is not UTF-8"],
    ];
    for (const [places, message] of cases) expect(await messageOf(places)).to.contain(message);
  });
});

function volumeOf(objects: Awaited<ReturnType<typeof render>>) {
  const pod = podsOf(objects).find(({ labels }) => labels["app.kubernetes.io/component"] === "places");
  expect(pod?.spec.containers[0]?.volumeMounts).to.deep.equal([
    { name: "places", mountPath: "/places", readOnly: true },
  ]);
  return pod?.spec.volumes?.[0];
}
