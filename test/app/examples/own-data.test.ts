import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openEmbedded } from "../../../app/database/embedded.js";
import { skipWithout } from "../../kit/skip.js";
import { type Running, startRatesapp } from "../commands/ratesapp.js";
import { followCommands, readCommands } from "./console.js";

const SECTION = "## Your own data";
const SERVE = "npx ratesapp serve";

describe("README, Your own data", function () {
  this.timeout(90_000);
  let directory: string;
  let postgres: Awaited<ReturnType<typeof openEmbedded>>;
  let serving: Running | undefined;

  before(async function () {
    await skipWithout(this, "bash", "curl");
    directory = await mkdtemp(join(tmpdir(), "ratesapp-own-"));
    // Open all the while, so that it is started once and not by each command, and needs no disk to be sure.
    postgres = await openEmbedded({ directory, serverSettings: { fsync: "off", full_page_writes: "off" } });
  });

  after(async () => {
    serving?.child.kill("SIGKILL");
    await serving?.ended;
    await postgres?.close();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  it("loads the example files and asks for their rates, as it is written", async () => {
    const commands = readCommands("README.md", SECTION);
    const at = commands.findIndex(({ command }) => command === SERVE);
    expect(at, SERVE).to.be.above(0);
    const ours = { ".data-own": directory };
    await followCommands(commands.slice(0, at), ours, {});

    serving = startRatesapp(["serve"], { DATA_DIRECTORY: directory, PORT: "0", ADMIN_PORT: "0", HOST: "127.0.0.1" });
    const { api } = JSON.parse(await serving.line(/"msg":"serving"/)) as { api: string };
    const questions = commands.slice(at + 1);
    expect(questions).to.have.length.above(0);
    await followCommands(questions, { "http://127.0.0.1:3000": api }, {});
  });

  it("keeps its data out of the repository", () => {
    const ignored = readFileSync(new URL("../../../.gitignore", import.meta.url), "utf8").split("\n");
    expect(readCommands("README.md", SECTION)[0]?.command).to.equal("export DATA_DIRECTORY=.data-own");
    expect(ignored).to.include(".data*/");
  });
});
