import * as pulumi from "@pulumi/pulumi";
import type { Mistake } from "./combinations.js";

/**
 * Thrown if the settings of a stack are wrong. `mistakes` lists all mistakes with their keys. Pulumi shows the message
 * of a RunError without a stack trace.
 */
export class StackSettingsError extends pulumi.RunError {
  readonly mistakes: readonly Mistake[];

  constructor(stack: string, mistakes: readonly Mistake[]) {
    const lines = mistakes.map(([key, reason]) => `  ratesapp:${key}: ${reason}`);
    super(
      `The settings of stack ${stack} have ${mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`}:\n${lines.join("\n")}`,
    );
    this.name = "StackSettingsError";
    this.mistakes = mistakes;
  }
}
