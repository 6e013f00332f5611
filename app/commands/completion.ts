import { Argument, Command, InvalidArgumentError } from "commander";
import { argument } from "./arguments.js";
import { SHELLS, type Shell, writeCompletion } from "./write-completion.js";

/** `ratesapp completion`: prints the script with which a shell completes commands and options. */
export function completionCommand(): Command {
  return new Command("completion")
    .description("Print a script with which your shell completes commands, options and files.")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS).argParser(argument("<shell>", shell)))
    .addHelpText(
      "after",
      `
In the shell that is open, and in all that follow:
  source <(ratesapp completion bash)      echo 'source <(ratesapp completion bash)' >> ~/.bashrc
  source <(ratesapp completion zsh)       echo 'source <(ratesapp completion zsh)' >> ~/.zshrc    # after compinit
  ratesapp completion fish | source       ratesapp completion fish > ~/.config/fish/completions/ratesapp.fish`,
    )
    .action((wanted: Shell, _options: unknown, command: Command) => {
      console.log(writeCompletion(wanted, command.parent as Command));
    });
}

function shell(text: string): Shell {
  const known = SHELLS.find((each) => each === text);
  if (known !== undefined) return known;
  throw new InvalidArgumentError(`It must be one of ${SHELLS.join(", ")}.`);
}
