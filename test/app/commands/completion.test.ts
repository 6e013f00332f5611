import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import type { Command } from "commander";
import { ratesappCommand } from "../../../app/commands/ratesapp.js";
import { SHELLS, writeCompletion } from "../../../app/commands/write-completion.js";
import { skipWithout } from "../../kit/skip.js";
import { runRatesapp } from "./ratesapp.js";

const program = ratesappCommand();

/** What a shell offers for the last word of a line, without its descriptions. */
type Offer = (words: readonly string[], folder: string) => Promise<string[]>;

const bash: Offer = async (words, folder) => {
  const script = `${writeCompletion("bash", program)}
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
    _ratesapp 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)("bash", ["-c", script], { cwd: folder });
  return stdout.split("\n").filter((word) => word !== "");
};

const fish: Offer = async (words, folder) => {
  const script = `${writeCompletion("fish", program)}\ncomplete -C '${words.join(" ")}'`;
  const { stdout } = await promisify(execFile)("fish", ["--no-config", "-c", script], { cwd: folder });
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0] ?? ""]));
};

/** The functions of zsh that offer words to the user print them here. */
const zsh: Offer = async (words, folder) => {
  const script = `
    compdef() {}; _describe() { print -l -- \${(P)2} }; compadd() { print -l -- "\${@[2,-1]}" }; _files() { print -l -- * }
    ${writeCompletion("zsh", program)}
    words=(${words.map((word) => `'${word}'`).join(" ")}); CURRENT=${words.length}; _ratesapp`;
  const { stdout } = await promisify(execFile)("zsh", ["-f", "-c", script], { cwd: folder });
  const last = words.at(-1) ?? "";
  return stdout.split("\n").flatMap((line) => {
    const [word = ""] = line.split(":");
    return word !== "" && word.startsWith(last) ? [word] : [];
  });
};

describe("ratesapp completion", function () {
  this.timeout(20_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ratesapp-completion-"));
    await writeFile(join(folder, "my prices.csv"), "");
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [shell, offer] of Object.entries({ bash, zsh, fish })) {
    describe(shell, () => {
      before(async function () {
        await skipWithout(this, shell);
      });

      const offered = (line: string) => offer(line.split(" "), folder);

      it("offers commands, and those inside of a command", async () => {
        expect(await offered("ratesapp i")).to.deep.equal(["ingest"]);
        expect(await offered("ratesapp ")).to.include.members(["serve", "rates", "places", "completion"]);
        expect(await offered("ratesapp places ")).to.include.members(["import", "list", "export"]);
        expect(await offered("ratesapp places ")).not.to.include("serve");
      });

      it("offers the options of the command, and the values that an option takes", async () => {
        expect(await offered("ratesapp ingest run --d")).to.have.members(["--deadline", "--dry-run"]);
        expect(await offered("ratesapp ingest run --mode ")).to.have.members(["append", "replace"]);
        expect(await offered("ratesapp ingest run --feed x --mode a")).to.deep.equal(["append"]);
        expect(await offered("ratesapp completion ")).to.include.members([...SHELLS]);
      });

      it("offers files where a file is wanted, and only there", async () => {
        expect((await offered("ratesapp ingest run --source m")).join()).to.match(/^my(\\ | )prices\.csv$/);
        expect(await offered("ratesapp ingest run --feed m")).to.deep.equal([]);
        expect(await offered("ratesapp m")).to.deep.equal(["migrate"]);
      });
    });
  }

  it("knows every command and option, in each shell", () => {
    const all = (command: Command): string[] => [
      command.name(),
      ...command.options.flatMap(({ long }) => (long ? [long.slice(2)] : [])),
      ...command.commands.flatMap(all),
    ];
    for (const shell of SHELLS) {
      const script = writeCompletion(shell, program);
      for (const word of all(program)) expect(script, shell).to.match(new RegExp(`[ "'-]${word}\\b`));
    }
  });

  it("prints the script, as its help says that it is used", async () => {
    for (const shell of SHELLS) {
      const { code, stdout, stderr } = await runRatesapp(["completion", shell]);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(stdout).to.equal(`${writeCompletion(shell, program)}\n`);
    }
  });
});
