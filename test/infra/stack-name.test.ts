import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { longestStackName, stackNameMistake } from "../../infra/stack-name.js";
import { configOf, type Rendered, render } from "./render.js";

const a = (count: number): string => "a".repeat(count);

describe("the name of a stack", () => {
  for (const name of ["a", "7", "staging", "pr-123", "1st", "a--b", "database", "a-databases", a(45)]) {
    it(`may be ${name}`, () => expect(stackNameMistake(name)).to.equal(undefined));
  }

  const characters = /^a stack's name is lower-case letters, digits, and dashes between them/;
  const refused: readonly [name: string, reason: RegExp][] = [
    ["", characters],
    ["PR-123", /^a stack's name is .*, because its namespace is ratesapp-PR-123-database$/],
    ["feature_login", characters],
    ["v1.2", characters],
    ["-a", characters],
    ["a-", characters],
    ["-", characters],
    ["a b", characters],
    ["a\n", characters],
    ["é", characters],
    ["а", characters], // Cyrillic
    ["١", characters], // A digit, of Arabic
    ["ann-database", /does not end in -database/],
    [
      a(46),
      /^a stack's name has at most 45 characters, because its namespace is ratesapp-a{46}-database, of at most 63$/,
    ],
    [a(53), /at most 45/],
    [a(54), /at most 45/],
    [a(100), /at most 45/],
  ];
  for (const [name, reason] of refused) {
    it(`is refused before anything is made: ${JSON.stringify(name)}`, () =>
      expect(stackNameMistake(name)).to.match(reason));
  }

  it("is shorter on EKS, where AWS has names of it too", () => {
    expect(stackNameMistake(a(33), true)).to.equal(undefined);
    expect(stackNameMistake(a(34), true)).to.match(
      /at most 33 characters, because its nodes' role is ratesapp-a{34}-nodeRole/,
    );
    expect(stackNameMistake("a--b", true)).to.match(/no two dashes/);
    expect(stackNameMistake("PR-1", true)).to.match(characters);
  });
});

describe("the program", function () {
  this.timeout(60_000);

  const error = (stack: string): Promise<Error | undefined> =>
    render(stack, {}).then(
      () => undefined,
      (reason) => reason,
    );

  it("ends at once with a name that Kubernetes would refuse later, and says what to do", async () => {
    const refusal = await error("v1.2");
    expect(pulumi.RunError.isInstance(refusal)).to.equal(true);
    expect(refusal?.message).to.match(/^v1\.2: a stack's name is .*\nGive it another one: pulumi stack rename NAME$/);
  });

  it("makes no name that is too long of the longest one", async () => {
    const kept = (resources: Rendered[], type: RegExp) => resources.filter((it) => type.test(it.type));
    const here = await render(a(longestStackName()), {});
    const namespaces = kept(here, /core\/v1:Namespace$/).map(
      ({ inputs }) => (inputs.metadata as { name: string }).name,
    );
    expect(Math.max(...namespaces.map((it) => it.length))).to.equal(63);

    const onEks = await render(a(longestStackName(true)), configOf("prod"));
    // Pulumi adds a dash and seven characters to what has no name of its own.
    const lengths = (type: RegExp) => kept(onEks, type).map(({ name }) => name.length + 8);
    expect(Math.max(...lengths(/^aws:iam\/role:Role$/))).to.be.within(50, 64);
    expect(Math.max(...lengths(/^aws:s3\/bucket:Bucket$/))).to.be.within(50, 63);
  });
});
