// npm run restore -- --help
import { CommanderError } from "commander";
import { ArchiveError } from "./archive/archive-reader.js";
import { restoreCommand } from "./restore/command.js";
import { RestoreError, SettingsError } from "./restore/restore-error.js";
import { StackSettingsError } from "./settings/settings-error.js";

try {
  await restoreCommand().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has written the message already.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof SettingsError || error instanceof StackSettingsError) {
    console.error(error.message);
    process.exitCode = 2;
  } else if (error instanceof RestoreError || error instanceof ArchiveError) {
    console.error(error.message);
    process.exitCode = 1;
  } else throw error;
}
