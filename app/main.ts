#!/usr/bin/env node
import { describeFailure, exitCodeOf } from "./commands/failure.js";
import { ratesappCommand } from "./commands/ratesapp.js";
import { watchStandardStreams } from "./commands/standard-output.js";

watchStandardStreams();
try {
  await ratesappCommand().parseAsync();
} catch (error) {
  process.stderr.write(describeFailure(error));
  // What is known only then: that a help text, say, could not be written.
  await new Promise((resolve) => process.stdout.write("", resolve));
  // Not by itself: a failure may have left a socket open.
  process.exit(exitCodeOf(error) || process.exitCode);
}
