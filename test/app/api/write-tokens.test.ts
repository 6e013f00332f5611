import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { pino } from "pino";
import { WriteTokens } from "../../../app/api/batches/write-tokens.js";

const line = (name: string, token: string) => `${name}:${createHash("sha256").update(token).digest("hex")}`;
const logged: { level: number; msg: string }[] = [];
const logger = pino({}, { write: (text: string) => void logged.push(JSON.parse(text)) });
const now = performance.now.bind(performance);
/** The file is looked at once a second, by this clock: it goes on by more than that. */
const nextLook = () => {
  const nowMs = performance.now() + 1_100;
  const beganAtMs = now();
  performance.now = () => nowMs + now() - beganAtMs;
};

describe("write tokens", () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    logged.length = 0;
    directory = await mkdtemp(join(tmpdir(), "ratesapp-tokens-"));
    file = join(directory, "tokens");
  });

  afterEach(async () => {
    performance.now = now;
    await rm(directory, { recursive: true, force: true });
  });

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

  it("are all refused without a file, or with one that is not there", async () => {
    expect(await new WriteTokens(undefined, logger).holderOf("one")).to.equal(undefined);
    expect(await new WriteTokens(file, logger).holderOf("one")).to.equal(undefined);
  });

  it("change with the file, however it is replaced", async () => {
    await writeFile(file, line("alice", "first"));
    const tokens = new WriteTokens(file, logger);
    expect(await tokens.holderOf("first")).to.equal("alice");
    await writeFile(`${file}.new`, line("alice", "other"));
    await rename(`${file}.new`, file);
    nextLook();
    expect(await Promise.all(["first", "other"].map((token) => tokens.holderOf(token)))).to.deep.equal([
      undefined,
      "alice",
    ]);
    // As Kubernetes mounts a Secret: a link to a link to a folder, of which the middle one is exchanged.
    await mkdir(join(directory, "v2"));
    await writeFile(join(directory, "v2", "tokens"), line("alice", "third"));
    await symlink("v2", join(directory, "..data"));
    await symlink(join("..data", "tokens"), `${file}.link`);
    await rename(`${file}.link`, file);
    nextLook();
    expect(await Promise.all(["other", "third"].map((token) => tokens.holderOf(token)))).to.deep.equal([
      undefined,
      "alice",
    ]);
    expect(logged).to.deep.equal([]);
  });

  for (const [what, spoil] of [
    ["deleted", () => rm(file)],
    ["emptied", () => writeFile(file, "")],
    ["left with nothing but comments", () => writeFile(file, "# none\n\n")],
    [
      "unreadable",
      async () => {
        await rm(file);
        await mkdir(file);
      },
    ],
  ] as const) {
    it(`are all revoked once their file is ${what}, which is logged once, and good again when it is back`, async () => {
      await writeFile(file, line("alice", "one"));
      const tokens = new WriteTokens(file, logger);
      expect(await tokens.holderOf("one")).to.equal("alice");
      await spoil();
      nextLook();
      expect(await tokens.holderOf("one")).to.equal(undefined);
      nextLook();
      expect(await tokens.holderOf("one")).to.equal(undefined);
      expect(logged.map(({ msg }) => msg)).to.deep.equal(["no write token is good any more"]);
      await rm(file, { recursive: true, force: true });
      await writeFile(file, line("alice", "one"));
      nextLook();
      expect(await tokens.holderOf("one")).to.equal("alice");
    });
  }
});
