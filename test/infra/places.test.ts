import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readStackSettings } from "../../infra/settings/read-settings.js";
import { StackSettingsError } from "../../infra/settings/settings-error.js";
import { placesOf } from "../../infra/workloads/places-files.js";
import { present } from "./chart/kubernetes-object.js";
import { type Rendered, render } from "./render.js";
import { charts } from "./stack-policies.js";

describe("places of a stack", function () {
  this.timeout(60_000);

  let folder: string;
  const path = (name: string) => join(folder, name);
  const read = (places: unknown) => placesOf("here", readStackSettings("here", { places }, "ratesapp:1"));
  const refused = (places: unknown, message: RegExp) =>
    expect(() => read(places))
      .to.throw(StackSettingsError)
      .with.property("message")
      .that.matches(message);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ratesapp-places-"));
    await writeFile(path("ports.csv"), "code,name,parent_slug\nDEHAM,Hamburg – Köln,north\n");
    await writeFile(path("regions.csv"), "slug,name,parent_slug\n");
    await writeFile(path("latin-1.csv"), Buffer.from("code,name,parent_slug\nDECGN,K\xf6ln,north\n", "latin1"));
    const rest = 2 ** 20 - "slug,name,parent_slug\n".length;
    await writeFile(path("largest.csv"), "x".repeat(rest));
    await writeFile(path("too-large.csv"), "ö".repeat(rest / 2 + 1));
  });
  after(() => rm(folder, { recursive: true }));

  it("in files are a ConfigMap, whose name changes with them, for the chart", async () => {
    const placesOf = async (ports: string) => {
      const places = { ports: path(ports), regions: path("regions.csv") };
      const resources = await render("places", { "ratesapp:places": places });
      const ours = ({ name, type }: Rendered) => type === "kubernetes:core/v1:ConfigMap" && name === "places";
      const { inputs } = present(resources.find(ours));
      const { name } = inputs.metadata as { name: string };
      expect(charts(resources)[0]?.values.places).to.deep.equal({ configMapName: name });
      return { ...inputs, name };
    };
    const [one, other] = [await placesOf("ports.csv"), await placesOf("largest.csv")];
    expect(one).to.deep.include({
      immutable: true,
      data: {
        "ports.csv": "code,name,parent_slug\nDEHAM,Hamburg – Köln,north\n",
        "regions.csv": "slug,name,parent_slug\n",
      },
    });
    expect(one.name).to.not.equal(other.name);
  });

  it("elsewhere are handed on to the chart as they are", async () => {
    for (const places of [{ claimName: "deliveries", revision: "2" }, { configMapName: "places" }]) {
      const resources = await render("places", { "ratesapp:places": places });
      expect(charts(resources)[0]?.values.places).to.deep.equal(places);
    }
  });

  it("by hand are none of the program's business", () => expect(read("by-hand")).to.equal(undefined));

  it("are refused before anything is made where no ConfigMap takes them, or where the program cannot read them", () => {
    const regions = path("regions.csv");
    expect(read({ ports: path("largest.csv"), regions })?.["ports.csv"]).to.have.lengthOf.above(10 ** 6);
    refused({ ports: path("too-large.csv"), regions }, /ratesapp:places: are 10485\d\d bytes, and a ConfigMap takes/);
    refused({ ports: path("largest.csv"), regions: path("largest.csv") }, /are 20971\d\d bytes/);
    refused(
      { ports: path("latin-1.csv"), regions },
      /ratesapp:places\.ports: .*latin-1\.csv: .*encoded data was not valid/,
    );
    refused({ ports: path("ports.csv"), regions: path("none.csv") }, /ratesapp:places\.regions: .*none\.csv: ENOENT/);
    refused(
      { ports: path("ports.csv") },
      /ratesapp:places: must be \{ports: a file, regions: a file\}, \{configMapName/,
    );
    refused({ configMapName: "a", claimName: "b" }, /ratesapp:places: must be/);
  });
});
