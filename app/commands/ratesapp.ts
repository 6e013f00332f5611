import { Command } from "commander";
import { printableLines } from "../printable.js";
import { releaseVersion } from "../telemetry/release-version.js";
import { batchesCommand } from "./batches.js";
import { completionCommand } from "./completion.js";
import { demoCommand } from "./demo.js";
import { drillCommand } from "./drill.js";
import { feedsCommand } from "./feeds.js";
import { hideAddresses } from "./hide-addresses.js";
import { ingestCommand } from "./ingest.js";
import { migrateCommand } from "./migrate.js";
import { operatorCommand } from "./operator.js";
import { placesCommand } from "./places.js";
import { ratesCommand } from "./rates.js";
import { refuseRepeatedOptions } from "./refuse-repeated-options.js";
import { serveCommand } from "./serve.js";

/** The whole command line. It throws an error where commander would end the process. */
export function ratesappCommand(): Command {
  const program = new Command("ratesapp")
    .description("The average price of shipping a container from one place to another, per day.")
    .version(releaseVersion)
    .addHelpText(
      "after",
      `
Examples:
  ratesapp demo                                              see it work, with generated data
  ratesapp places import --ports ports.csv --regions regions.csv
  ratesapp ingest run --source prices.csv
  ratesapp rates CNSGH:NLRTM --from 2026-11-01 --to 2026-11-30
  ratesapp serve

Without DATABASE_URL a local Postgres is used and shared by all commands; \`ratesapp serve --help\` lists the environment.
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 a bad delivery that a second try does not make better,
128 and more stopped by a signal.`,
    )
    .addCommand(demoCommand())
    .addCommand(serveCommand())
    .addCommand(ingestCommand())
    .addCommand(ratesCommand())
    .addCommand(batchesCommand())
    .addCommand(migrateCommand())
    .addCommand(feedsCommand())
    .addCommand(operatorCommand())
    .addCommand(drillCommand())
    .addCommand(placesCommand())
    .addCommand(completionCommand());
  throwRatherThanExit(program);
  refuseRepeatedOptions(program);
  return program;
}

/**
 * Makes a command throw its error. Added commands do not inherit this, and without it commander exits with 1 for wrong
 * usage.
 */
function throwRatherThanExit(command: Command): void {
  command.exitOverride().showHelpAfterError("(--help tells more)");
  // Commander repeats an unknown argument in its message. This may be an address with a password.
  command.configureOutput({ outputError: (text, write) => write(printableLines(hideAddresses(text))) });
  for (const child of command.commands) throwRatherThanExit(child);
}
