import { createInterface } from "node:readline/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { inProject } from "../in-project.js";
import { clusterName } from "../settings/database-clusters.js";
import { listArchives } from "./archives.js";
import { check } from "./check.js";
import { drop } from "./drop.js";
import { type MakeOptions, make } from "./make.js";
import { RestoreError, SettingsError } from "./restore-error.js";
import { switchDatabase } from "./switch.js";

interface Common {
  readonly stack: string;
  readonly cwd: string;
}

const EXAMPLES = `
A database is restored beside the one that pods use. Nothing changes for them until you switch.

  npm run restore -- backups --stack prod                                what can be restored
  npm run restore -- --stack prod --to 2026-11-27T10:15:00Z              restore, and compare
  npm run restore -- switch --stack prod                                 pods use it, and reads go on
  npm run restore -- back --stack prod                                   pods use the one before
  npm run restore -- drop --stack prod                                   the one that is not used is deleted

Where the database, its namespace or the whole Kubernetes cluster is gone, the restored one is used at once:
  npm run restore -- --stack prod --newest
Step by step, for each of these: docs/operations/disaster.md`;

/** The command line. @throws {CommanderError} for a wrong one. */
export function restoreCommand(): Command {
  const program = new Command("npm run restore --")
    .description("Restores the database of a stack from its archive.")
    .addHelpText("after", EXAMPLES)
    .exitOverride();
  const sub = (name: string, description: string, isDefault = false) =>
    program
      .command(name, { isDefault })
      .description(description)
      .requiredOption("--stack <name>", "the stack")
      .option("-C, --cwd <folder>", "folder of Pulumi.yaml", inProject("."))
      .exitOverride();

  sub("make", "restores into a new database beside the one that pods use, and compares them (the default)", true)
    .addOption(new Option("--to <time>", "to a moment, as 2026-11-27T10:15:00Z").argParser(time))
    .addOption(new Option("--batch <id>", "to the moment before a batch was begun").argParser(whole))
    .option("--backup <id>", "to the end of a base backup")
    .option("--newest", "to the end of the archive")
    .option("--from <place>", "database in the archive: a folder of the stack's, or s3://bucket/folder/server")
    .addOption(new Option("--name <name>", "name of the new database").argParser(name))
    .option("--yes", "do not ask", false)
    .action((options: Common & WantedOptions & { from?: string; name?: string; yes: boolean }) =>
      make({ ...options, wanted: wantedOf(options), confirm: confirmation(options.yes) }),
    );
  sub("backups", "lists what the archive has").action((options: Common) => listArchives(options));
  sub("check", "compares the databases: schema, dataset version, newest batch, prices by month").action(
    (options: Common) => check(options),
  );
  for (const [command, description] of [
    ["switch", "lets pods use the other database; the one before takes no more writes"],
    ["back", "the same, to go back"],
  ] as const) {
    sub(command, description)
      .addOption(new Option("--name <name>", "the database, if there are more than two").argParser(name))
      .option("--yes", "do not ask", false)
      .action((options: Common & { name?: string; yes: boolean }) =>
        switchDatabase({ ...options, confirm: confirmation(options.yes) }),
      );
  }
  sub("drop", "deletes a database that pods do not use; its archive stays")
    .addOption(new Option("--name <name>", "the database, if there are more than two").argParser(name))
    .option("--yes", "do not ask", false)
    .action((options: Common & { name?: string; yes: boolean }) =>
      drop({ ...options, confirm: confirmation(options.yes) }),
    );
  return program;
}

interface WantedOptions {
  readonly to?: Date;
  readonly batch?: number;
  readonly backup?: string;
  readonly newest?: boolean;
}

/** @throws {SettingsError} unless exactly one is given. */
export function wantedOf({ backup, batch, newest, to }: WantedOptions): MakeOptions["wanted"] {
  const given: MakeOptions["wanted"][] = [
    ...(to ? [{ kind: "time", to } as const] : []),
    ...(batch === undefined ? [] : [{ kind: "batch", id: batch } as const]),
    ...(backup === undefined ? [] : [{ kind: "backup", id: backup } as const]),
    ...(newest ? [{ kind: "newest" } as const] : []),
  ];
  const [wanted] = given;
  if (wanted && given.length === 1) return wanted;
  throw new SettingsError("Say what to restore to, by one of --to, --batch, --backup and --newest.");
}

function time(text: string): Date {
  const parsed = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) || Number.isNaN(parsed.getTime())) {
    throw new InvalidArgumentError("a moment is written with its time zone, as 2026-11-27T10:15:00Z");
  }
  return parsed;
}

function whole(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new InvalidArgumentError("a batch has a number, as `ratesapp batches list` shows it");
  return Number(text);
}

function name(text: string): string {
  const parsed = clusterName.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? "is not a name");
  return text;
}

/** Asks a question with yes and no; without a terminal, says how to go on. */
function confirmation(yes: boolean): (question: string) => Promise<void> {
  return async (question) => {
    if (yes) return;
    if (!process.stdin.isTTY) throw new RestoreError(`${question} Nothing is done without a terminal or --yes.`);
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    try {
      if (!/^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim()))
        throw new RestoreError("Nothing is done.");
    } finally {
      terminal.close();
    }
  };
}
