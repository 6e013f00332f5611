import { readFileSync } from "node:fs";
import { expect } from "chai";
import { load } from "js-yaml";
import packageJson from "../../package.json" with { type: "json" };

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");

describe("the number of a release", () => {
  it("is one for the application, the chart and the image that the chart takes", () => {
    const chart = load(read("charts/ratesapp/Chart.yaml")) as { version: string; appVersion: string };
    expect(chart).to.include({ version: packageJson.version, appVersion: packageJson.version });
  });

  it("has its changes in the changelog", () => {
    expect(read("CHANGELOG.md")).to.include(packageJson.version);
  });
});
