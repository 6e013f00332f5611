import { Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { INTERVALS } from "../rates/calendar.js";
import { type Lane, LONGEST_RANGE_DAYS, MOST_LANES, readLanes } from "../rates/question.js";
import { argument } from "./arguments.js";
import type { RatesOptions } from "./ask-rates.js";

/** `ratesapp rates`: the answers of `/rates/lanes`, without a running service. */
export function ratesCommand(): Command {
  return new Command("rates")
    .description("The average price of each day, week or month on one or several lanes, newest first.")
    .argument(
      "<lanes>",
      `up to ${MOST_LANES}, separated by commas, such as CNSGH:NLRTM,china:europe`,
      argument("<lanes>", lanes),
    )
    .requiredOption("--from <day>", "first day, such as 2026-11-01", day)
    .requiredOption("--to <day>", `last day; the range has at most ${LONGEST_RANGE_DAYS} days`, day)
    .addOption(
      new Option("--interval <interval>", "of what each price is; weeks begin on Monday")
        .choices(INTERVALS)
        .default("day"),
    )
    .option("--json", "as JSON, as /rates/lanes answers")
    .addOption(new Option("--csv", "as CSV, as /rates/lanes.csv answers").conflicts("json"))
    .addHelpText(
      "after",
      `
A lane is ORIGIN:DESTINATION; both are the code of a port or the slug of a region. There is no price (-) where there are
fewer than three prices; --json says how many there are. A week or month that lies partly outside of the range has only
the days inside of it. It asks the database (DATABASE_READ_URL or DATABASE_URL), so no service needs to run.

Examples:
  ratesapp rates CNSGH:NLRTM --from 2026-11-01 --to 2026-11-30
  ratesapp rates CNSGH:NLRTM,china:europe --from 2026-07-01 --to 2026-09-30 --interval week --csv > quarter.csv`,
    )
    .action(async (asked: readonly Lane[], options: RatesOptions) => {
      // Imported when the command runs. Without this, `--help` and mistakes in the options would take twice as long to
      // appear.
      const { askRates } = await import("./ask-rates.js");
      await askRates(asked, options);
    });
}

function lanes(text: string): readonly Lane[] {
  const read = readLanes(text);
  if (read.faults.length > 0) throw new InvalidArgumentError(`It ${read.faults.join("; it ")}.`);
  if (read.lanes.length > MOST_LANES) throw new InvalidArgumentError(`It has more than ${MOST_LANES} lanes.`);
  return read.lanes;
}

function day(text: string): string {
  // PostgreSQL has no year 0.
  if (z.iso.date().safeParse(text).success && !text.startsWith("0000")) return text;
  throw new InvalidArgumentError("It must be a day that exists, written YYYY-MM-DD.");
}
