import { spawnSync } from "node:child_process";
import { expect } from "chai";
import { sandboxArguments, UsageError } from "../../infra/sandbox/arguments.js";
import { demoPod } from "../../infra/sandbox/demo-pod.js";
import { refusal, stackFileOf } from "../../infra/sandbox/stack-file.js";
import { policies } from "./chart/policies.js";
import { render } from "./render.js";
import { root } from "./root.js";
import { at } from "./stack-policies.js";

describe("the command line of a sandbox", () => {
  it("is a name, settings, and which of them are secret", () => {
    expect(
      sandboxArguments(["ann", "image=a/b:1", "--empty", "writeTokens.me=ab=c", "api.settings.trustedProxies[0]=x"]),
    ).to.deep.equal({
      name: "ann",
      empty: true,
      assignments: [
        { key: "image", value: "a/b:1", secret: false },
        { key: "writeTokens.me", value: "ab=c", secret: true },
        { key: "api.settings.trustedProxies[0]", value: "x", secret: false },
      ],
    });
    expect(sandboxArguments(["ann", "--help"])).to.equal(undefined);
  });

  for (const argv of [
    [],
    ["ann-"],
    ["-ann"],
    ["Ann"],
    ["a".repeat(46)],
    ["ann", "image"],
    ["ann", "--yes"],
    ["ann-database"],
    ["ann", "environment=prod"],
    ["ann", "cluster.context=x"],
  ]) {
    it(`is refused before anything is made: ${argv.join(" ")}`, () =>
      expect(() => sandboxArguments(argv)).to.throw(UsageError));
  }
});

describe("a sandbox", () => {
  const ann = stackFileOf("config:\n  ratesapp:environment: sandbox\n  ratesapp:cluster: { context: home }\n");

  it("is made of a new stack, or of one that is a sandbox on this cluster", () => {
    expect(refusal("ann", undefined, "home")).to.equal(undefined);
    expect(refusal("ann", ann, "home")).to.equal(undefined);
    expect(refusal("ann", stackFileOf(""), "home")).to.equal(undefined);
  });

  it("never moves to another cluster, which would leave what it has behind", () => {
    expect(refusal("ann", ann, "work")).to.match(/ann is on home, and kubectl speaks to work/);
  });

  it("never overwrites staging or production", function () {
    this.timeout(30_000);
    for (const [name, reason] of [
      ["staging", /environment staging/],
      ["prod", /environment prod/],
    ] as const) {
      const options = { cwd: root, encoding: "utf8", env: { ...process.env, PATH: "" } } as const;
      const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", "infra/sandbox.ts", name], options);
      expect(stderr).to.match(reason);
      expect(status).to.equal(1);
    }
  });

  it("gets its prices from a pod that its namespace admits", () => {
    const pod = demoPod("ann", "ghcr.io/ratesapp/ratesapp:dev");
    const restricted = policies["pods pass the restricted Pod Security Standard"];
    // Looked at as the template of something, which is what the policy looks into.
    const job = (template: object) => [{ kind: "Job", metadata: { name: "demo" }, spec: { template } } as never];
    expect(restricted?.(job(pod))).to.deep.equal([]);
    expect(restricted?.(job({ spec: { ...pod.spec, securityContext: {} } }))).to.have.lengthOf(2);
    expect(pod.metadata?.namespace).to.equal("ratesapp-ann");
  });

  it("gets its prices from a pod that its database lets in, and that can verify it", async () => {
    const resources = await render("ann", {});
    const pod = demoPod("ann", "ghcr.io/ratesapp/ratesapp:dev");
    const component = pod.metadata?.labels?.["app.kubernetes.io/component"];
    const policy = resources.find(({ name }) => name === "instances-policy");
    expect(at(policy?.inputs, "spec.ingress.0.from.1.podSelector.matchExpressions.0.values")).to.include(component);
    const authorities = resources.find(({ name }) => name === "database-ca");
    const names = (pod.spec?.volumes ?? []).map(({ configMap }) => configMap?.name);
    expect(names).to.include(at(authorities?.inputs, "metadata.name"));
  });
});
