import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import yaml from "js-yaml";
import type { KubernetesObject } from "./chart/kubernetes-object.js";
import { PASSWORD, type Rendered, render } from "./render.js";
import { root } from "./root.js";

// Every resource of a stack, committed, so that a change of infrastructure is read as a difference of these files: what
// it is called and whose child it is, what it waits for, by which provider it is made, and its inputs. `npm run golden`
// writes them anew.
const renew = process.env.RENEW_GOLDEN === "1";

const digestOf = (content: unknown): string =>
  `sha256:${createHash("sha256")
    .update(typeof content === "string" ? content : JSON.stringify(content))
    .digest("hex")}`;

/** The objects of a manifest, as their kinds and names, each with a digest of its content. */
function objectsOf(manifest: string): Record<string, string> {
  const objects = (
    yaml.loadAll(manifest, undefined, { schema: yaml.CORE_SCHEMA }) as (KubernetesObject | null)[]
  ).filter((object) => object !== null);
  return Object.fromEntries(
    objects.map((object) => {
      const { name, namespace } = object.metadata ?? {};
      return [`${object.kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`, digestOf(object)];
    }),
  );
}

/** Inputs, where what an operator's release brings is as long as a list of its objects. */
function shortened({ inputs, name, type }: Rendered): Readonly<Record<string, unknown>> {
  if (type === "kubernetes:yaml/v2:ConfigGroup") return { ...inputs, yaml: objectsOf(String(inputs.yaml)) };
  // promtool tests the rules.
  if (type.endsWith(":PrometheusRule")) return { ...inputs, spec: digestOf(inputs.spec) };
  const released = type.endsWith(":CustomResourceDefinition") && name !== "feeds";
  return released ? { ...inputs, spec: digestOf(inputs.spec) } : inputs;
}

/** Type and name of the provider that was chosen; empty: the default one of the package. */
const providerOf = (reference: string): string => reference.split("::").slice(2, 4).join("::");

function entryOf(resource: Rendered) {
  const { dependencies, protect, provider, retainOnDelete } = resource;
  return {
    ...(protect && { protect: true }),
    ...(retainOnDelete && { retainOnDelete: true }),
    ...(provider !== "" && { provider: providerOf(provider) }),
    ...(dependencies.length > 0 && { dependencies }),
    inputs: shortened(resource),
  };
}

for (const stack of ["staging", "prod"]) {
  describe(`golden file of ${stack}`, function () {
    this.timeout(60_000);

    it("is what the program registers", async () => {
      const rendered = (await render(stack)).filter(({ component }) => !component);
      const text = yaml.dump(Object.fromEntries(rendered.map((resource) => [resource.path, entryOf(resource)])), {
        lineWidth: 120,
        noRefs: true,
        sortKeys: true,
      });
      const file = new URL(`golden/${stack}.yaml`, import.meta.url);
      const ours = text.replaceAll(root, ".");
      expect(ours).to.not.include(PASSWORD);
      if (renew) writeFileSync(file, ours);
      expect(existsSync(file) ? readFileSync(file, "utf8") : "").to.equal(ours, "npm run golden writes it anew");
    });
  });
}
