import { expect } from "chai";
import schema from "../../../charts/ratesapp/values.schema.json" with { type: "json" };
import { render, skipWithoutHelm, type Values } from "./helm.js";
import { present } from "./kubernetes-object.js";
import { mistypedFields } from "./kubernetes-types.js";
import { policies } from "./policies.js";
import { releases } from "./releases.js";

interface Part {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Part>>;
  readonly required?: readonly string[];
}

const whole = schema as unknown as Part & { readonly definitions: Readonly<Record<string, Part>> };
const resolved = (part: Part): Part => ({ ...whole.definitions[part.$ref?.split("/").at(-1) ?? ""], ...part });

type Path = readonly string[];

/** Every value that there is, and whether the chart can do without it. */
function* paths(part: Part, path: Path = []): Generator<{ path: Path; needed: boolean }> {
  const { properties = {}, required = [] } = resolved(part);
  for (const [key, inner] of Object.entries(properties)) {
    if (key === "global") continue;
    yield { path: [...path, key], needed: required.includes(key) };
    yield* paths(inner, [...path, key]);
  }
  if (path.join() === "feeds") {
    yield { path: ["feeds", "sea-prices"], needed: false };
    yield* paths({ $ref: "#/definitions/feed" }, ["feeds", "sea-prices"]);
  }
}

/** Paths in groups of which none holds another, because a release takes a second to look at. */
function groupsOf(all: readonly Path[]): Path[][] {
  const groups: Path[][] = [];
  const apart = (one: Path, other: Path) => one.some((key, at) => at < other.length && key !== other[at]);
  for (const path of all) {
    const group = groups.find((it) => it.length < 10 && it.every((other) => apart(path, other)));
    if (group) group.push(path);
    else groups.push([path]);
  }
  return groups;
}

const withNull = (values: Values, [key, ...rest]: Path): Values =>
  key === undefined
    ? values
    : { ...values, [key]: rest.length > 0 ? withNull((values[key] ?? {}) as Values, rest) : null };

/** What the chart can do without in another release than the one below. */
const missedHere = ["httpRoute.parentRefs", "api.resources", "database.owner", "database.owner.secretName"];

/** Rules that a user takes away with what they rule. */
const rules = {
  resources: ["containers request and are limited"],
  networkPolicy: ["every pod is denied what is not allowed", "every container's port is named in a network policy"],
};

describe("null among the chart's values", function () {
  this.timeout(60_000);
  before(skipWithoutHelm);

  const values = present(releases["everything that can be said"]);
  const everyPath = [...paths(whole)];
  const nameOf = (path: Path) => path.join(".");
  const inSchema = (path: Path) => path.map((key) => `/${key}`).join("");

  /** What helm says against null at all these paths. */
  async function refusalOf(group: readonly Path[]): Promise<string> {
    const error = await render(group.reduce(withNull, values)).then(
      () => new Error("nothing"),
      (thrown: Error) => thrown,
    );
    return error.message;
  }

  it("takes away what the chart can do without", async () => {
    const optional = everyPath.filter(({ path, needed }) => !needed && !missedHere.includes(nameOf(path)));
    expect(optional).to.have.lengthOf.above(120);
    for (const group of groupsOf(optional.map(({ path }) => path))) {
      const names = group.map(nameOf);
      const excused = [
        ...(names.some((name) => name === "ingest" || name.includes("resources")) ? rules.resources : []),
        ...(names.some((name) => name.startsWith("networkPolicy")) ? rules.networkPolicy : []),
      ];
      const objects = await render(group.reduce(withNull, values));
      for (const [name, policy] of Object.entries(policies))
        if (!excused.includes(name)) expect(policy(objects), `${name}, without ${names}`).to.deep.equal([]);
      const known = objects.filter(
        ({ kind = "" }) => !["Feed", "HTTPRoute", "PodMonitor", "PrometheusRule"].includes(kind),
      );
      expect(await mistypedFields(known), `without ${names}`).to.deep.equal([]);
    }
  });

  it("is refused by name where the chart cannot do without", async () => {
    const needed = everyPath.filter((it) => it.needed).map(({ path }) => path);
    expect(needed).to.have.lengthOf.above(25);
    for (const group of groupsOf(needed)) {
      const message = await refusalOf(group);
      for (const path of group)
        expect(message).to.satisfy(
          (text: string) => text.includes(`'${path.at(-1)}'`) || text.includes(`'${inSchema(path)}': got null`),
          nameOf(path),
        );
    }
  });

  it("is refused by name where other values need what it takes away", async () => {
    for (const name of missedHere) {
      const message = await refusalOf([name.split(".")]);
      expect(message).to.match(
        /The values do not fit together:\n {2}(httpRoute.parentRefs|api.resources|database.owner)/,
      );
    }
  });
});
