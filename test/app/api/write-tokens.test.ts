import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { WriteTokens } from "../../../app/api/batches/write-tokens.js";
import { createLogger } from "../../../app/telemetry/logger.js";
import { until } from "./api-server.js";

const line = (name: string, token: string) => `${name}:${createHash("sha256").update(token).digest("hex")}`;
const logger = createLogger({ logLevel: "silent", logFormat: "json" });

describe("write tokens", () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "ratesapp-tokens-"));
    file = join(directory, "tokens");
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("are known by their hashes, with blank lines, comments and bad lines left out", async () => {
    await writeFile(
      file,
      `# who may write\n\n${line("alice", "one")}\r\nnonsense\n${line("bob", "two").toUpperCase()}\n`,
    );
    const tokens = new WriteTokens(file, logger);
    expect(await tokens.holderOf("one")).to.equal("alice");
    expect(await tokens.holderOf("two")).to.equal("BOB");
    expect(await tokens.holderOf("three")).to.equal(undefined);
    expect(await tokens.holderOf("")).to.equal(undefined);
    expect(await tokens.holderOf(createHash("sha256").update("one").digest("hex"))).to.equal(undefined);
  });

  it("are known to all who ask at the start at once", async () => {
    await writeFile(file, line("alice", "one"));
    const tokens = new WriteTokens(file, logger);
    expect(await Promise.all([tokens.holderOf("one"), tokens.holderOf("one")])).to.deep.equal(["alice", "alice"]);
  });

  it("are nobody's without a file, or with one that is not there", async () => {
    expect(await new WriteTokens(undefined, logger).holderOf("one")).to.equal(undefined);
    expect(await new WriteTokens(file, logger).holderOf("one")).to.equal(undefined);
  });

  it("change with the file, and stay while it is being swapped", async () => {
    await writeFile(file, line("alice", "one"));
    const tokens = new WriteTokens(file, logger);
    expect(await tokens.holderOf("one")).to.equal("alice");
    await rm(file);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await tokens.holderOf("one")).to.equal("alice");
    await writeFile(file, line("alice", "new"));
    await until("the new token is known", async () => (await tokens.holderOf("new")) === "alice");
    expect(await tokens.holderOf("one")).to.equal(undefined);
  });
});
