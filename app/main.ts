#!/usr/bin/env node
import { describeFailure, exitCodeOf } from "./commands/failure.js";
import { ratesappCommand } from "./commands/ratesapp.js";
import { watchStandardStreams } from "./commands/standard-output.js";

watchStandardStreams();
try {
  await ratesappCommand().parseAsync();
} catch (error) {
  process.stderr.write(describeFailure(error));
  // Some failures are known only after this, such as a help text that could not be written.
  await new Promise((resolve) => process.stdout.write("", resolve));
  // A failure may have left a socket open, so the process would not end by itself.
  process.exit(exitCodeOf(error) || process.exitCode);
}
