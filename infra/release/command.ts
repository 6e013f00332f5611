import { Command, InvalidArgumentError, Option } from "commander";
import { inProject } from "../in-project.js";
import { SettingsError } from "../restore/restore-error.js";
import { image as imageSchema } from "../settings/image.js";
import { abortRelease, follow } from "./follow.js";
import { historyOf, resultOf } from "./history.js";
import { release } from "./release.js";
import { type Scene, sceneOf } from "./scene.js";

const EXAMPLES = `
  npm run release -- --stack prod --image ghcr.io/ratesapp/ratesapp:1.4.0
  npm run release -- --stack prod --follow      what happens now, until it ends
  npm run release -- --stack prod --abort       ends it: the image before runs again
  npm run release -- --stack prod --rollback    back to the image before the one that runs
  npm run release -- --stack prod --history     when, what, who, and how it ended

Exit code: 0 if the image that was asked for runs, 1 if not, 2 for wrong usage or settings.
If this process is lost, the same command goes on. All of it: docs/operations/releases.md`;

interface Options {
  readonly stack: string;
  readonly cwd: string;
  readonly image?: string;
  readonly follow?: boolean;
  readonly abort?: boolean;
  readonly rollback?: boolean;
  readonly history?: boolean;
}

/**
 * Runs the command line.
 * @returns the exit code.
 * @throws {CommanderError} for a wrong one. @throws {ReleaseError} @throws {SettingsError} @throws {StackSettingsError}
 */
export async function releaseCommand(argv: readonly string[]): Promise<number> {
  const program = new Command("npm run release --")
    .description("Releases an image to a stack, and shows how far it is.")
    .requiredOption("--stack <name>", "the stack")
    .addOption(new Option("--image <image>", "releases it: a repository with a tag or a digest").argParser(image))
    .option("--follow", "shows the release that is under way, and changes nothing")
    .option("--abort", "ends the release that is under way; the image before runs again")
    .option("--rollback", "releases the image before, without steps and checks")
    .option("--history", "lists the releases")
    .option("-C, --cwd <folder>", "folder of Pulumi.yaml", inProject("."))
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments(false)
    .exitOverride()
    .parse([...argv]);
  const options = program.opts<Options>();
  const asked = (["image", "follow", "abort", "rollback", "history"] as const).filter((name) => options[name]);
  const [only] = asked;
  if (asked.length !== 1 || !only)
    throw new SettingsError("Say what to do, by one of --image, --follow, --abort, --rollback and --history.");
  const scene = await sceneOf(options);
  return await run(scene, only, options);
}

async function run(scene: Scene, only: keyof Options, options: Options): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
  const { signal } = interrupted;
  switch (only) {
    case "history":
      console.log(historyOf(await scene.record.all()));
      return 0;
    case "follow":
      return resultOf(scene.stack.name, await follow(scene, signal), "released");
    case "abort":
      return resultOf(scene.stack.name, await abortRelease(scene, signal), "aborted");
    case "rollback":
      return resultOf(scene.stack.name, await release(scene, { kind: "rollback" }, signal), "released");
    default:
      return resultOf(
        scene.stack.name,
        await release(scene, { kind: "release", image: options.image ?? "" }, signal),
        "released",
      );
  }
}

function image(text: string): string {
  const parsed = imageSchema.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? "is no image");
  return text;
}
