import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** Between the output of one command and that of the next. */
const END = "\u001e";

/** A command of a console block, and what the document says that it prints. */
export interface Shown {
  readonly command: string;
  readonly output: string;
}

/**
 * The commands (`$ …`) in the console blocks of a section, in their order.
 * @param section its heading, such as `## Feeds`
 */
export function readCommands(document: string, section: string): readonly Shown[] {
  const lines = readFileSync(`${ROOT}${document}`, "utf8").split("\n");
  const begin = lines.indexOf(section);
  if (begin < 0) throw new Error(`${document} has no ${section}`);
  const next = lines.findIndex((line, at) => at > begin && line.startsWith("## "));
  const text = lines.slice(begin, next < 0 ? lines.length : next).join("\n");
  const blocks = [...text.matchAll(/^( *)```console\n(.*?)^ *```$/gms)];
  return blocks.flatMap(([, indent = "", block = ""]) =>
    block
      .replaceAll(new RegExp(`^${indent}`, "gm"), "")
      .split(/^\$ /m)
      .slice(1)
      .map((entry) => {
        const [command = "", ...output] = entry.split("\n");
        return { command, output: output.join("\n") };
      }),
  );
}

/**
 * Runs commands as a reader would paste them, in one shell in the folder of the project, and holds what they print
 * against what is shown. Spaces and line breaks may differ, and `…` in what is shown stands for anything.
 * @param instead texts of the commands that are others here, such as a port of this machine.
 */
export async function followCommands(
  commands: readonly Shown[],
  instead: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const replaced = ({ command }: Shown) =>
    Object.entries(instead).reduce((text, [from, to]) => text.replaceAll(from, to), command);
  const printed = await bash(commands.map(replaced), environment);
  for (const [at, shown] of commands.entries()) {
    expect(printed[at], shown.command).to.match(pattern(shown.output));
  }
}

function pattern(shown: string): RegExp {
  const texts = shown.replaceAll(/\s+/g, "").split("…");
  return new RegExp(`^${texts.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join(".*")}$`);
}

/** @returns what each of the commands printed, without spaces and line breaks. */
function bash(commands: readonly string[], environment: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const script = [
    "exec 2>&1",
    "trap 'jobs -p | xargs -r kill' EXIT",
    // What npx would run, without its search for it.
    'npx() { local name=$1; shift; case $name in ratesapp) "$NODE" dist/main.js "$@" ;; *) node_modules/.bin/"$name" "$@" ;; esac; }',
    // Without the meter that it shows where its output is not a terminal.
    'curl() { command curl -sS "$@"; }',
    ...commands.flatMap((command) => [command, `{ code=$?; printf '${END}'; (exit $code); }`]),
  ].join("\n");
  const { PATH = "", HOME = "" } = process.env;
  const env = { PATH, HOME, NODE: process.execPath, ...environment };
  return new Promise((resolve, reject) => {
    execFile("bash", ["-c", script], { cwd: ROOT, env, timeout: 60_000 }, (error, output) => {
      const printed = output.split(END).map((text) => text.replaceAll(/\s+/g, ""));
      if (printed.length > commands.length) resolve(printed);
      else reject(new Error(`bash ended at \`${commands[printed.length - 1]}\`:\n${output}`, { cause: error }));
    });
  });
}
