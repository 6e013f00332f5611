import type { Command } from "commander";

/**
 * Refuses an option that is given twice. Commander would take the last value, and ignore the first `--source` without a
 * word.
 */
export function refuseRepeatedOptions(command: Command): void {
  for (const option of command.options.filter(({ variadic }) => !variadic)) {
    let given = false;
    command.on(`option:${option.name()}`, () => {
      if (given) command.error(`error: ${option.long} is given more than once`);
      given = true;
    });
  }
  for (const child of command.commands) refuseRepeatedOptions(child);
}
