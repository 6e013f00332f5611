import { Command, InvalidArgumentError, Option } from "commander";
import { batchStates } from "../batches/batch-state.js";
import { STOPPED } from "../batches/fail.js";
import { argument, batchNumber, feed, filled, LAST_BATCH, parseWholeNumber } from "./arguments.js";
import type {
  ChangeName,
  ChangeOptions,
  CompactCommandOptions,
  JsonOption,
  ListCommandOptions,
} from "./batch-actions.js";

const MOST_LISTED = 10_000;
const MOST_REASON_CHARACTERS = 1_000;
/** Longer than the age of any price. */
const LONGEST_RETENTION_DAYS = 100_000;

/**
 * Imported when an action runs. Without this, `--help` and mistakes in the options would take twice as long to appear.
 */
const actions = () => import("./batch-actions.js");

/** `ratesapp batches`: list, show, publish, retract, fail, retry, rejects and compact. */
export function batchesCommand(): Command {
  return new Command("batches")
    .description("See what was delivered; retract it, publish it again, and keep the tables small.")
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(changeCommand("retract", "Make a published batch invisible at once; `publish` undoes it."))
    .addCommand(
      changeCommand(
        "publish",
        "Publish an upload that is complete, a batch that was audited or retracted, or one whose audit was broken off.",
      ),
    )
    .addCommand(
      changeCommand("fail", "End a batch that is not published: its workers stop, and its rows are deleted.").option(
        "--reason <text>",
        "why, for those who look at it later",
        reason,
        STOPPED,
      ),
    )
    .addCommand(changeCommand("retry", "Let the next `ingest run` of its source load a failed batch again."))
    .addCommand(rejectsCommand())
    .addCommand(compactCommand());
}

function listCommand(): Command {
  return new Command("list")
    .description("The newest batches.")
    .option("--feed <name>", "only those of a feed", feed)
    .addOption(new Option("--state <state>", "only those in a state").choices(batchStates))
    .option(
      "--before <id>",
      "only those with a lower number: the last of a page gives the next page",
      parseWholeNumber(1, LAST_BATCH),
    )
    .option("--limit <number>", `how many, up to ${MOST_LISTED}`, parseWholeNumber(1, MOST_LISTED), 20)
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  ratesapp batches list\n  ratesapp batches list --feed asia --state failed --json\n  ratesapp batches list --before 4711",
    )
    .action(async (options: ListCommandOptions) => (await actions()).list(options));
}

function showCommand(): Command {
  return new Command("show")
    .description("One batch, with its bad lines.")
    .argument("<id>", "number of the batch", batchNumber)
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      "\nSome numbers are missing: internal batches had them.\n\nExample:\n  ratesapp batches show 7",
    )
    .action(async (id: number, options: JsonOption) => (await actions()).show(id, options));
}

function rejectsCommand(): Command {
  return new Command("rejects")
    .description("The bad lines that were left out of a batch, as they stood, to be repaired and loaded.")
    .argument("<id>", "number of the batch", batchNumber)
    .argument("[path]", "a file, a pipe or a device; standard output if not given", argument("[path]", filled))
    .option("--force", "overwrite a file that is there already")
    .addHelpText(
      "after",
      `
The header comes first, unless the batch was sent in pieces, which have one each. Devices and pipes are written through.

Examples:
  ratesapp batches rejects 7
  ratesapp batches rejects 7 bad.csv --force`,
    )
    .action(async (id: number, path: string | undefined, options: { force?: true }) =>
      (await actions()).rejects(id, path, options),
    );
}

function changeCommand(name: ChangeName, description: string): Command {
  return new Command(name)
    .description(description)
    .argument("<id>", "number of the batch", batchNumber)
    .option("--json", "the batch afterwards, as JSON")
    .addHelpText("after", `\nExample:\n  ratesapp batches ${name} 7`)
    .action(async (id: number, options: ChangeOptions) => (await actions()).change(name, id, options));
}

function compactCommand(): Command {
  return new Command("compact")
    .description("Fold batches that can no longer be retracted, delete rows that no consumer can see, drop old months.")
    .option(
      "--retention-days <number>",
      "drop whole months of prices that are older than this many days",
      parseWholeNumber(1, LONGEST_RETENTION_DAYS),
    )
    .option("--json", "what was done, as JSON")
    .addHelpText(
      "after",
      `
Uploads that have received nothing for a day fail first. Answers stay the same, readers and loads are not held up, and it can be stopped at any point: the next run goes on.
Run it once a day. Batches can be retracted for RETRACTABLE_DAYS after their publish, and are left alone until then.
With --retention-days, old months are gone for good; only the role that owns the tables can drop them.

Examples:
  ratesapp batches compact
  ratesapp batches compact --retention-days 1100`,
    )
    .action(async (options: CompactCommandOptions) => (await actions()).compactBatches(options));
}

function reason(text: string): string {
  if (text.length > MOST_REASON_CHARACTERS) {
    throw new InvalidArgumentError(`It must have at most ${MOST_REASON_CHARACTERS} characters.`);
  }
  return filled(text);
}
