#!/usr/bin/env node
import { Command } from "commander";
import { batchesCommand } from "./commands/batches.js";
import { demoCommand } from "./commands/demo.js";
import { describeFailure, exitCodeOf } from "./commands/failure.js";
import { hideAddresses } from "./commands/hide-addresses.js";
import { ingestCommand } from "./commands/ingest.js";
import { migrateCommand } from "./commands/migrate.js";
import { placesCommand } from "./commands/places.js";
import { refuseRepeatedOptions } from "./commands/refuse-repeated-options.js";
import { serveCommand } from "./commands/serve.js";
import { printableLines } from "./printable.js";
import { releaseVersion } from "./telemetry/build-info.js";

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
  ratesapp serve

Without DATABASE_URL a local Postgres is used and shared by all commands; \`ratesapp serve --help\` lists the environment.
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 a bad delivery that a second try does not make better,
128 and more stopped by a signal.`,
  );

program.addCommand(demoCommand());
program.addCommand(serveCommand());
program.addCommand(ingestCommand());
program.addCommand(batchesCommand());
program.addCommand(migrateCommand());
program.addCommand(placesCommand());

/** Commands that are added do not inherit this; without it, commander ends the process with code 1 for wrong usage. */
function throwRatherThanExit(command: Command): void {
  command.exitOverride().showHelpAfterError("(--help tells more)");
  // It repeats what it does not know, which may be an address at the wrong place.
  command.configureOutput({ outputError: (text, write) => write(printableLines(hideAddresses(text))) });
  for (const child of command.commands) throwRatherThanExit(child);
}
throwRatherThanExit(program);
refuseRepeatedOptions(program);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(describeFailure(error));
  // Not by itself: a failure may have left a socket open.
  process.exit(exitCodeOf(error));
}
