import { execFile } from "node:child_process";
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { FileExistsError, OutputError, writeOutput } from "../../../app/commands/write-output.js";
import { createFolder, type Folder } from "../ingest/setup.js";

const LINES = ["code\n", "A,1\n", "B,2\n"];
const TEXT = LINES.join("");

describe("writeOutput", () => {
  let folder: Folder;
  beforeEach(async () => {
    folder = await createFolder();
  });
  afterEach(() => folder.remove());

  const at = (name: string) => join(folder.path, name);
  async function* chunks(lines: readonly string[] = LINES): AsyncGenerator<Buffer> {
    for (const line of lines) yield Buffer.from(line);
  }
  async function refusal(path: string, options: { force?: boolean } = {}, lines = LINES): Promise<Error> {
    return writeOutput(path, chunks(lines), options).then(
      () => {
        throw new Error("it was written");
      },
      (error: Error) => error,
    );
  }
  /** Nothing half-written beside it. */
  const expectOnly = async (...names: string[]) =>
    expect((await readdir(folder.path)).sort()).to.deep.equal(names.sort());

  it("makes a file that is not there", async () => {
    await writeOutput(at("a.csv"), chunks());
    expect(await readFile(at("a.csv"), "utf8")).to.equal(TEXT);
    await expectOnly("a.csv");
  });

  it("makes a file whose name is as long as a name can be", async () => {
    const name = `${"a".repeat(251)}.csv`;
    await writeOutput(at(name), chunks());
    await expectOnly(name);
  });

  for (const [title, before] of [
    ["other lines", "code\nA,1\nC,3\n"],
    ["its beginning", "code\nA,1\n"],
    ["more than that", `${TEXT}C,3\n`],
    ["nothing", ""],
  ] as const) {
    it(`leaves a file that holds ${title}, and says how it would be overwritten`, async () => {
      await folder.write("a.csv", before);
      const error = await refusal(at("a.csv"));
      expect(error).to.be.instanceOf(FileExistsError);
      expect(error.message).to.equal(`${at("a.csv")} is there already and stays as it is; --force overwrites it.`);
      expect(await readFile(at("a.csv"), "utf8")).to.equal(before);
      await expectOnly("a.csv");
    });
  }

  it("is content with a file that holds just this, as when another worker wrote it", async () => {
    await folder.write("a.csv", TEXT);
    await writeOutput(at("a.csv"), chunks(["co", "de\nA,1\nB,", "2\n"]));
    await expectOnly("a.csv");
  });

  it("lets many workers write the same at once", async () => {
    await Promise.all(Array.from({ length: 20 }, () => writeOutput(at("a.csv"), chunks())));
    expect(await readFile(at("a.csv"), "utf8")).to.equal(TEXT);
    await expectOnly("a.csv");
  });

  it("overwrites with force, and keeps the mode", async () => {
    await folder.write("a.csv", "before");
    await chmod(at("a.csv"), 0o640);
    await writeOutput(at("a.csv"), chunks(), { force: true });
    expect(await readFile(at("a.csv"), "utf8")).to.equal(TEXT);
    expect((await stat(at("a.csv"))).mode & 0o777).to.equal(0o640);
    await expectOnly("a.csv");
  });

  it("keeps what was there where the lines cannot be read to the end", async () => {
    await folder.write("a.csv", "before");
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from("code\n");
      throw new Error("the database is away");
    }
    for (const [path, force] of [
      [at("a.csv"), true],
      [at("b.csv"), false],
    ] as const) {
      const error = await writeOutput(path, broken(), { force }).catch((thrown: Error) => thrown);
      expect((error as Error).message).to.equal("the database is away");
    }
    expect(await readFile(at("a.csv"), "utf8")).to.equal("before");
    await expectOnly("a.csv");
  });

  it("follows links, to a file that is there or not, and leaves them links", async () => {
    await mkdir(at("data"));
    await folder.write("data/a.csv", "before");
    await symlink("data/a.csv", at("link.csv"));
    await symlink("link.csv", at("second.csv"));
    await symlink("data/new.csv", at("dangling.csv"));
    expect(await refusal(at("second.csv"))).to.be.instanceOf(FileExistsError);
    await writeOutput(at("second.csv"), chunks(), { force: true });
    await writeOutput(at("dangling.csv"), chunks());
    for (const name of ["data/a.csv", "data/new.csv"]) expect(await readFile(at(name), "utf8")).to.equal(TEXT);
    for (const name of ["link.csv", "second.csv", "dangling.csv"]) {
      expect((await lstat(at(name))).isSymbolicLink(), name).to.equal(true);
    }
    expect((await readdir(at("data"))).sort()).to.deep.equal(["a.csv", "new.csv"]);
  });

  it("writes through a pipe", async () => {
    const path = await folder.pipe("pipe");
    const reading = promisify(execFile)("cat", [path]);
    await writeOutput(path, chunks(), { force: true });
    expect((await reading).stdout).to.equal(TEXT);
    expect((await stat(path)).isFIFO()).to.equal(true);
  });

  for (const force of [false, true]) {
    it(`writes through devices and leaves them devices${force ? ", even with force" : ""}`, async () => {
      await writeOutput("/dev/null", chunks(), { force });
      await symlink("/dev/full", at("full"));
      for (const path of ["/dev/full", at("full")]) {
        const error = await refusal(path, { force });
        expect(error).to.be.instanceOf(OutputError);
        expect(error.message).to.equal(`${path} cannot be written: no space left on device.`);
      }
      for (const path of ["/dev/null", "/dev/full"]) expect((await stat(path)).isCharacterDevice()).to.equal(true);
    });
  }

  it("says in plain words why it cannot write", async () => {
    await folder.write("file", "");
    await symlink("loop", at("loop"));
    for (const [path, reason] of [
      [folder.path, "it is a folder"],
      [at("none/a.csv"), `there is no folder ${at("none")}`],
      [at("file/a.csv"), "not a directory"],
      [at("loop"), "too many symbolic links encountered"],
      [at("a".repeat(300)), "name too long"],
    ] as const) {
      const error = await refusal(path);
      expect(error).to.be.instanceOf(OutputError);
      expect(error.message).to.equal(`${path} cannot be written: ${reason}.`);
    }
  });

  it("says so where the folder takes no new file, and keeps the old one", async () => {
    await mkdir(at("closed"));
    await writeFile(at("closed/a.csv"), "before");
    const user = process.getuid?.() === 0 ? 65_534 : undefined;
    await chmod(folder.path, 0o755);
    await chmod(at("closed"), 0o555);
    if (user !== undefined) process.seteuid?.(user);
    try {
      for (const [name, force] of [
        ["closed/a.csv", true],
        ["closed/b.csv", false],
      ] as const) {
        const error = await refusal(at(name), { force });
        expect(error.message).to.equal(
          `${at(name)} cannot be written: no file can be made in its folder, ${at("closed")}: permission denied.`,
        );
      }
    } finally {
      if (user !== undefined) process.seteuid?.(0);
      await chmod(at("closed"), 0o755);
    }
    expect(await readFile(at("closed/a.csv"), "utf8")).to.equal("before");
  });
});
