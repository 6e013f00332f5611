import { expect } from "chai";
import type { Command } from "commander";
import { describeFailure, exitCodeOf } from "../../../app/commands/failure.js";
import { ratesappCommand } from "../../../app/commands/ratesapp.js";
import { readSettings, SettingsError } from "../../../app/settings.js";

const NO_NUMBERS = ["", " ", "-1", "1.5", "1e3", "0x10", "NaN", "Infinity", "\u0663", " 1", "1 ", "+1", "1_0", "1,000"];
const NUMBERS = [...NO_NUMBERS, "9".repeat(15), "9".repeat(400), "1\0", "seven"];
const TEXTS = ["", "  ", "\t", "a\0b"];
const NO_KUBERNETES_NAMES = [...TEXTS, "Asia", "a_b", "a-", "a.b", "a\n", "a".repeat(64), "\u0430sia"];
const FEEDS = [...TEXTS, " a", "a ", "a\nb", "a\u001b[31mb", "a".repeat(201)];

const DAYS = [...TEXTS, "2024-02-30", "2024-1-1", "0000-01-01", "tomorrow", "2024-01-01T00:00:00Z", " 2024-01-01"];
const ELEVEN = Array.from({ length: 11 }, (_, index) => `CNSGH:X${index}`).join();
const LANES = [...TEXTS, "CNSGH", "CNSGH:", ":NLRTM", "a:b:c", "a:b,", "a:b,a:b", `${"a".repeat(201)}:b`, ELEVEN];

/** Every option that takes a value, and every argument, with values that it must refuse. */
const HOSTILE: readonly (readonly [command: string, named: string, values: readonly string[]])[] = [
  ["batches list", "--feed", FEEDS],
  ["batches list", "--state", [...TEXTS, "done", "PUBLISHED", "published "]],
  ["batches list", "--before", [...NUMBERS, "0"]],
  ["batches list", "--limit", [...NUMBERS, "0", "10001"]],
  ...["show", "retract", "publish", "fail", "retry", "rejects"].map(
    (name) => [`batches ${name}`, "<id>", [...NUMBERS, "0", "2147483648"]] as const,
  ),
  ["batches fail 7", "--reason", [...TEXTS, "a".repeat(1_001)]],
  ["batches rejects 7", "[path]", TEXTS],
  ["batches compact", "--retention-days", [...NUMBERS, "0", "100001"]],
  ["feeds list", "--namespace", NO_KUBERNETES_NAMES],
  ["feeds run 7", "--namespace", NO_KUBERNETES_NAMES],
  ["feeds run", "<name>", NO_KUBERNETES_NAMES],
  ["ingest run", "--source", TEXTS],
  ["ingest run --source x", "--feed", FEEDS],
  ["ingest run --source x", "--mode", [...TEXTS, "upsert", "APPEND"]],
  ["ingest run --source x", "--max-bad-rows", [...NUMBERS, "1000000001"]],
  ["ingest run --source x", "--deadline", [...NUMBERS, "0", "10000001"]],
  ["ingest run --source x", "--rejects", TEXTS],
  ["ingest run --source x", "--match", TEXTS],
  ["completion", "<shell>", [...TEXTS, "tcsh", "BASH"]],
  ["places export", "--ports", TEXTS],
  ["places export --ports x", "--regions", TEXTS],
  ["rates --from 2024-01-01 --to 2024-01-01", "<lanes>", LANES],
  ["rates CNSGH:NLRTM --to 2024-01-01", "--from", DAYS],
  ["rates CNSGH:NLRTM --from 2024-01-01", "--to", DAYS],
  ["rates CNSGH:NLRTM", "--interval", [...TEXTS, "year", "WEEK"]],
  ["places import", "--ports", TEXTS],
  ["places import --ports x", "--regions", TEXTS],
];

/** How the command line ends, in this process; a database that is asked for is away. */
async function run(args: readonly string[]): Promise<{ code: number; stderr: string }> {
  let stderr = "";
  const program = ratesappCommand();
  for (const command of allCommands(program)) {
    command.configureOutput({
      writeErr: (text) => {
        stderr += text;
      },
      writeOut: () => {},
    });
  }
  try {
    await program.parseAsync([...args], { from: "user" });
    return { code: 0, stderr };
  } catch (error) {
    return { code: exitCodeOf(error), stderr: stderr + describeFailure(error, {}) };
  }
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** The words that lead to a command. */
function wordsOf(command: Command): string[] {
  return command.parent === null ? [] : [...wordsOf(command.parent), command.name()];
}

/** A value of each option that takes no "1", and of the arguments that take no "7". */
const VALID: Readonly<Record<string, string>> = {
  "--mode": "append",
  "--state": "failed",
  "--interval": "week",
  "--from": "2024-01-01",
  "--to": "2024-01-01",
  lanes: "CNSGH:NLRTM",
  shell: "bash",
};

const LIBRARY_TEXT = /^ +at |Error:|Zod|command-argument|\bE(NOENT|ACCES|INVAL|RR_)|undefined|\[object/m;

describe("ratesapp: values that make no sense", () => {
  const url = process.env.DATABASE_URL;
  before(() => {
    process.env.DATABASE_URL = "postgres://127.0.0.1:1/none";
  });
  after(() => {
    if (url === undefined) delete process.env.DATABASE_URL;
    else process.env.DATABASE_URL = url;
  });

  for (const [command, named, values] of HOSTILE) {
    it(`are refused with 2, by name: ${command} ${named}`, async () => {
      for (const value of values) {
        const words = command.split(" ");
        const { code, stderr } = await run(named.startsWith("--") ? [...words, named, value] : [...words, value]);
        const told = JSON.stringify(value.slice(0, 50));
        expect(code, told).to.equal(2);
        expect(stderr, told).to.include(named);
        expect(stderr, told).not.to.match(LIBRARY_TEXT);
      }
    });
  }

  it("are tried on every option that takes one, and every argument", () => {
    const tried = new Set(
      HOSTILE.map(([command, named]) => `${command.replace(/ (7|CNSGH:NLRTM|--).*$/, "")} ${named}`),
    );
    const all = allCommands(ratesappCommand()).flatMap((command) => [
      ...command.options.filter(({ required }) => required).map(({ long }) => [...wordsOf(command), long].join(" ")),
      ...command.registeredArguments.map((argument) =>
        [...wordsOf(command), argument.required ? `<${argument.name()}>` : `[${argument.name()}]`].join(" "),
      ),
    ]);
    expect([...tried].sort()).to.deep.equal(all.sort());
  });

  it("are refused where an option is given twice, or without its value", async () => {
    for (const command of allCommands(ratesappCommand())) {
      for (const { long, required, variadic } of command.options) {
        if (long === null || long === undefined || long === "--version") continue;
        const words = wordsOf(command);
        if (required) {
          const { code, stderr } = await run([...words, long]);
          expect([code, stderr], long).to.deep.equal([2, stderr]);
          expect(stderr).to.include(long).and.to.include("argument missing");
        }
        if (variadic) continue;
        const value = required ? [VALID[long] ?? "1"] : [];
        const { code, stderr } = await run([...words, long, ...value, long, ...value]);
        expect(code, long).to.equal(2);
        expect(stderr).to.include(`${long} is given more than once`);
      }
    }
  });

  it("are refused where a command takes none", async () => {
    for (const command of allCommands(ratesappCommand()).filter(({ commands }) => commands.length === 0)) {
      const words = wordsOf(command);
      const given = command.registeredArguments.map((argument) => VALID[argument.name()] ?? "7");
      for (const [args, says] of [
        [["--nosuch"], "unknown option '--nosuch'"],
        [[...given, "more"], "too many arguments"],
      ] as const) {
        const needed = command.options
          .filter(({ mandatory }) => mandatory)
          .map(({ long }) => `${long}=${VALID[long ?? ""] ?? "x"}`);
        const { code, stderr } = await run([...words, ...needed, ...args]);
        expect(code, words.join(" ")).to.equal(2);
        expect(stderr, words.join(" ")).to.include(says);
      }
    }
  });

  it("are refused in the environment, by name", () => {
    const numbers = Object.entries(readSettings({})).flatMap(([name, value]) =>
      typeof value === "number" ? [name.replace(/[A-Z]/g, "_$&").toUpperCase()] : [],
    );
    expect(numbers).to.include.members(["PORT", "RETRACTABLE_DAYS", "DATABASE_POOL_SIZE"]);
    for (const name of numbers) {
      for (const value of NUMBERS.filter((each) => each !== "")) {
        expect(() => readSettings({ [name]: value }), `${name}=${value}`)
          .to.throw(SettingsError, `${name}: must be a whole number from `)
          .with.property("mistakes")
          .that.has.length(1);
      }
    }
    expect(() => readSettings({ LOG_LEVEL: "loud" })).to.throw("LOG_LEVEL: must be one of trace, debug, info,");
  });
});
