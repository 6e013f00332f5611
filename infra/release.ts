// npm run release -- --help
import { CommanderError } from "commander";
import { KubernetesError } from "../app/operator/kubernetes/kubernetes-error.js";
import { releaseCommand } from "./release/command.js";
import { ReleaseError } from "./release/release-error.js";
import { RestoreError, SettingsError } from "./restore/restore-error.js";
import { StackSettingsError } from "./settings/settings-error.js";

try {
  process.exitCode = await releaseCommand(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has written the message already.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof SettingsError || error instanceof StackSettingsError) {
    console.error(error.message);
    process.exitCode = 2;
  } else if (error instanceof ReleaseError || error instanceof RestoreError || error instanceof KubernetesError) {
    console.error(error.message);
    process.exitCode = 1;
  } else throw error;
}
