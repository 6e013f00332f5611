import { readdirSync } from "node:fs";
import { expect } from "chai";
import yaml from "js-yaml";
import { highlyAvailable } from "../../infra/platform/highly-available.js";
import { manifestParts } from "../../infra/platform/manifest-parts.js";
import { textOf } from "../../infra/platform/operator-manifests.js";
import { type Release, releases } from "../../infra/platform/releases.js";

describe("the manifest of an operator", () => {
  const all: readonly Release[] = Object.values(releases);
  const vendored = all.filter(({ manifest }) => !manifest.startsWith("https://"));

  for (const release of vendored) {
    it(`${release.manifest} is the one that was released`, async () => {
      expect(release.sha256).to.match(/^[0-9a-f]{64}$/);
      expect(await textOf(release)).to.include("kind: Deployment");
    });
  }

  it("is used if the repository has it", () => {
    const files = readdirSync(new URL("../../infra/platform/manifests/", import.meta.url));
    expect(vendored.map(({ manifest }) => manifest.split("/").at(-1))).to.have.members(files);
  });

  it("is refused if its content is another one", async () => {
    const error = await textOf({ manifest: "README.md", sha256: "0".repeat(64) }).catch((caught: Error) => caught);
    expect(String(error)).to.match(/README\.md has changed: its SHA-256 is [0-9a-f]{64} instead of 0{64}/);
  });

  it("is an error that names it if it cannot be read", async () => {
    const error = await textOf({ manifest: "no/such.yaml" }).catch((caught: Error) => caught);
    expect(String(error)).to.match(/the manifest no\/such\.yaml cannot be read: ENOENT/);
  });

  it("runs twice what promotes replicas, and changes nothing else", async () => {
    const parts = manifestParts(await textOf(releases.cloudnativePg));
    const documents = (rest: string) =>
      (yaml.loadAll(rest) as { kind: string; metadata: { name: string } }[]).filter((document) => document !== null);
    const before = documents(parts.rest);
    const after = documents(highlyAvailable(parts, 2).rest);
    expect(after.filter(({ kind }) => kind !== "Deployment" && kind !== "PodDisruptionBudget")).to.deep.equal(
      before.filter(({ kind }) => kind !== "Deployment"),
    );
    expect(
      after.filter(({ kind }) => /Deployment|Budget/.test(kind)).map(({ metadata }) => metadata.name),
    ).to.deep.equal(["cnpg-controller-manager", "cnpg-controller-manager"]);
  });
});
