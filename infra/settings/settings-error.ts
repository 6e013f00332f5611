import * as pulumi from "@pulumi/pulumi";
import type { Mistake } from "./combinations.js";

/**
 * Thrown for a stack's settings; `mistakes` holds all of them, each with its key. Pulumi shows the message of a
 * RunError and no stack.
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
