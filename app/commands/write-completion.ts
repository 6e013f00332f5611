import type { Command, Option } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** A word that may come next, with what it means. */
interface Word {
  readonly word: string;
  readonly meaning: string;
}

/** The value of an option or argument: one of a few words, a file, or something that no shell can know. */
type Value = { readonly choices: readonly string[] } | "file" | "unknown";

interface OptionWords {
  /** `--namespace` and `-n`. */
  readonly names: readonly string[];
  readonly meaning: string;
  /** Undefined if the option takes no value. */
  readonly value: Value | undefined;
}

/** A command, named by the words that lead to it: `ratesapp ingest run`. */
interface Node {
  readonly at: string;
  readonly commands: readonly Word[];
  readonly options: readonly OptionWords[];
  readonly argument: Value | undefined;
}

/**
 * The script with which a shell completes the words of a command line. It holds all commands and options, so that a
 * press of the tab key starts no process.
 * @param program the whole command line
 */
export function writeCompletion(shell: Shell, program: Command): string {
  return WRITERS[shell](program.name(), nodesOf(program, program.name()));
}

function nodesOf(command: Command, at: string): Node[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const [argument] = command.registeredArguments;
  return [
    {
      at,
      commands: commands.map((each) => ({ word: each.name(), meaning: firstLine(each.description()) })),
      options: help.visibleOptions(command).map(wordsOf),
      argument: argument && kindOfValue(argument.name(), argument.argChoices),
    },
    ...commands
      .filter((each) => command.commands.includes(each))
      .flatMap((each) => nodesOf(each, `${at} ${each.name()}`)),
  ];
}

function wordsOf({ short, long, description, flags, required, optional, argChoices }: Option): OptionWords {
  return {
    names: [long, short].filter((name) => name !== undefined && name !== null),
    meaning: firstLine(description),
    value: required || optional ? kindOfValue(flags, argChoices) : undefined,
  };
}

/** @param named how --help names the value, such as `--rejects <path>`. */
function kindOfValue(named: string, choices: readonly string[] | undefined): Value {
  if (choices !== undefined) return { choices };
  return /\b(file|path|place)\b/.test(named) ? "file" : "unknown";
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** Patterns of `case` in bash and zsh. */
const cases = (words: readonly string[]) => words.map((word) => `"${word}"`).join("|");

/** The branches of a `case` over the command and the word before: what completes the value of each option. */
function valueCases(nodes: readonly Node[], complete: (value: Exclude<Value, "unknown">) => string): string[] {
  const lines = nodes.flatMap(({ at, options }) =>
    options.flatMap(({ names, value }) =>
      value === undefined ? [] : [{ words: names.map((name) => `${at} ${name}`), value }],
    ),
  );
  return lines.map(
    ({ words, value }) => `${cases(words)}) ${value === "unknown" ? "" : `${complete(value)}; `}return ;;`,
  );
}

function writeBash(name: string, nodes: readonly Node[]): string {
  const complete = (value: Value | undefined) => {
    if (value === undefined || value === "unknown") return ":";
    if (value === "file") return 'compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$cur"))';
    return `COMPREPLY+=($(IFS=' '; compgen -W "${value.choices.join(" ")}" -- "$cur"))`;
  };
  const words = ({ commands, options }: Node) =>
    [...commands.map(({ word }) => word), ...options.flatMap(({ names }) => names)].join(" ");
  return `# bash completion for ${name}
_${name}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at=${name} word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${cases(nodes.slice(1).map(({ at }) => at))}) at="$at $word" ;;
    esac
  done
  # Words are separated by lines below, because names of files may hold spaces.
  local IFS=$'\\n'
  case "$at $prev" in
${indent(valueCases(nodes, complete), 4)}
  esac
  case "$at" in
${indent(
  nodes.map(
    (node) =>
      `"${node.at}") COMPREPLY=($(IFS=' '; compgen -W "${words(node)}" -- "$cur")); ${complete(node.argument)} ;;`,
  ),
  4,
)}
  esac
}
complete -F _${name} ${name}`;
}

function writeZsh(name: string, nodes: readonly Node[]): string {
  const complete = (value: Value | undefined) => {
    if (value === undefined || value === "unknown") return ":";
    return value === "file" ? "_files" : `compadd -- ${value.choices.join(" ")}`;
  };
  const described = ({ word, meaning }: Word) =>
    `'${`${word.replaceAll(":", "\\:")}:${meaning}`.replaceAll("'", "'\\''")}'`;
  const words = ({ commands, options }: Node) =>
    [...commands, ...options.flatMap(({ names, meaning }) => names.map((word) => ({ word, meaning })))].map(described);
  return `#compdef ${name}
_${name}() {
  local at=${name} word
  local -a next
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      (${cases(nodes.slice(1).map(({ at }) => at))}) at="$at $word" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${indent(
  valueCases(nodes, complete).map((line) => `(${line}`),
  4,
)}
  esac
  case "$at" in
${indent(
  nodes.map((node) => `("${node.at}") next=(${words(node).join(" ")}); ${complete(node.argument)} ;;`),
  4,
)}
  esac
  _describe '${name}' next
}
if [[ "\${funcstack[1]}" = "_${name}" ]]; then _${name} "$@"; else compdef _${name} ${name}; fi`;
}

function writeFish(name: string, nodes: readonly Node[]): string {
  const text = (each: string) => `'${each.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const value = (given: Value) =>
    given === "unknown" ? " -x" : given === "file" ? " -r -F" : ` -x -a ${text(given.choices.join(" "))}`;
  const lines = nodes.flatMap(({ at, commands, options, argument }) => {
    const line = `complete -c ${name} -n ${text(`__${name}_at ${text(at)}`)}`;
    return [
      ...commands.map(({ word, meaning }) => `${line} -a ${word} -d ${text(meaning)}`),
      ...options.map(({ names, meaning, value: given }) => {
        const flags = names.map((each) => (each.startsWith("--") ? ` -l ${each.slice(2)}` : ` -s ${each.slice(1)}`));
        return `${line}${flags.join("")}${given === undefined ? "" : value(given)} -d ${text(meaning)}`;
      }),
      ...(argument === undefined || argument === "unknown" ? [] : [`${line}${value(argument).replace(/^ -[xr]/, "")}`]),
    ];
  });
  return `# fish completion for ${name}
function __${name}_at
  set -l at ${name}
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case ${nodes
        .slice(1)
        .map(({ at }) => text(at))
        .join(" ")}
        set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
complete -c ${name} -f
${lines.join("\n")}`;
}

function indent(lines: readonly string[], spaces: number): string {
  return lines.map((line) => " ".repeat(spaces) + line).join("\n");
}

const WRITERS = { bash: writeBash, zsh: writeZsh, fish: writeFish };
