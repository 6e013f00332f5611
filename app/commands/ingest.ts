import { Command, Option } from "commander";
import { DEFAULT_FEED, LONGEST_DEADLINE_SECONDS, MOST_BAD_ROWS } from "../ingest/feeds.js";
import { feed, filled, parseWholeNumber } from "./arguments.js";
import type { FeedOptions } from "./feed-options.js";

/** `ratesapp ingest run`. It exits with 3 if a delivery is wrong (bad lines), and with 1 if another run may succeed. */
export function ingestCommand(): Command {
  return new Command("ingest").description("Load deliveries of prices.").addCommand(runCommand());
}

function runCommand(): Command {
  return new Command("run")
    .description("Load a delivery as one batch, with any number of processes, and publish it as a whole or not at all.")
    .option("--source <place>", "a file, a folder, http(s)://…, s3://bucket/prefix, or - for standard input", filled)
    .option("--feed <name>", `the feed it belongs to (${DEFAULT_FEED}); alone: one that FEEDS_FILE has`, feed)
    .addOption(
      new Option(
        "--mode <mode>",
        "replace: hide the feed's earlier prices of the days that the delivery holds (append)",
      ).choices(["append", "replace"]),
    )
    .option(
      "--max-bad-rows <number>",
      "bad lines to leave out instead of failing (0)",
      parseWholeNumber(0, MOST_BAD_ROWS),
    )
    .option(
      "--deadline <seconds>",
      "limit of the processing time: warn once it will be missed",
      parseWholeNumber(1, LONGEST_DEADLINE_SECONDS),
    )
    .option(
      "--rejects <path>",
      "where lines that are left out go: a file, or a folder if there are several deliveries",
      filled,
    )
    .option("--force", "overwrite the file that --rejects names, if it is there already")
    .option(
      "--match <pattern>",
      "of a folder or an S3 prefix, only what has such a name: *.csv, asia-{25,26}-*",
      filled,
    )
    .addOption(
      new Option("--dry-run", "read and check everything, write nothing, and say what would be loaded").conflicts([
        "rejects",
        "force",
      ]),
    )
    .option("--json", "what became of each delivery, as JSON")
    .addHelpText(
      "after",
      `
Prices are CSV with the columns orig_code, dest_code, day and price in any order, or NDJSON with these names; plain,
gzip or zstd; which of them is seen from the content. Every file is one batch; of a folder or an S3 prefix, those that
are not known yet.

Run it in any number of places at once: they share the work. A process that is killed loses nothing; others take its
pieces over, or run the command again. The same file is loaded once. Lines that are left out are written next to a
local file, as FILE.rejects.csv, to be repaired and loaded.

FEEDS_FILE names a JSON file of feeds, such as {"asia": {"source": "s3://deliveries/asia/", "mode": "replace",
"maxBadRows": 10, "deadlineSeconds": 3600, "rejects": "/rejects"}}; only source must be there, and options win over it.
S3 takes its endpoint, region and keys from the usual environment (AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, …).

--dry-run needs a database too, for its ports and for what was loaded before. It does not find that a delivery repeats
the prices of another one. It exits with 3 if a delivery would fail, and with 1 if one cannot be read at the moment.

Exit codes:
  0  everything is published, or was so before
  1  something went wrong that may go right next time
  2  wrong usage or configuration
  3  a delivery failed and would fail again: its lines are bad (they are listed), or it failed in an earlier run
  143, 130  stopped by SIGTERM, by Ctrl-C

Examples:
  ratesapp ingest run --source prices.csv
  ratesapp ingest run --feed asia --mode replace --source s3://deliveries/asia/
  ratesapp ingest run --source deliveries/ --match '2026-*.csv' --dry-run
  FEEDS_FILE=feeds.json ratesapp ingest run --feed asia
  cat prices.csv.gz | ratesapp ingest run --source - --max-bad-rows 10 --rejects bad.csv`,
    )
    .action(async (options: FeedOptions) => {
      // Imported when the command runs. Without this, `--help` and mistakes in the options would take twice as long to
      // appear.
      if (options.dryRun) await (await import("./check-ingest.js")).checkIngest(options);
      else await (await import("./run-ingest.js")).runIngest(options);
    });
}
