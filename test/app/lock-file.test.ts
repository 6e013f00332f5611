import { readFileSync } from "node:fs";
import { expect } from "chai";

interface Locked {
  readonly resolved?: string;
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), "utf8"));
const packages = Object.entries<Locked>(read("package-lock.json").packages).filter(([path]) => path !== "");

describe("what npm ci installs", () => {
  it("holds no package that tells others of each install", () => {
    expect(packages.map(([path]) => path).filter((path) => /node_modules\/@scarf\//.test(path))).to.deep.equal([]);
  });

  it("comes from whichever registry npm is set to", () => {
    expect(packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).to.deep.equal([]);
  });
});
