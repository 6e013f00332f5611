import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import yaml from "js-yaml";
import { CommandError, run } from "./command.js";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/** A stack of the program, with a state and a configuration of its own that are thrown away. */
export class Stack {
  readonly name: string;
  readonly folder: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(name: string, folder: string) {
    this.name = name;
    this.folder = folder;
    this.#env = {
      PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "only for tests",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // A file backend writes the whole state at each of 260 steps. Here it is written once, at the end.
      PULUMI_EXPERIMENTAL: "true",
      PULUMI_SKIP_CHECKPOINTS: "true",
    };
  }

  static async create(name: string): Promise<Stack> {
    const folder = mkdtempSync(join(tmpdir(), "ratesapp-"));
    mkdirSync(join(folder, "state"));
    const project = readFileSync(join(PROJECT, "Pulumi.yaml"), "utf8");
    writeFileSync(join(folder, "Pulumi.yaml"), project.replace("main: infra/", `main: ${join(PROJECT, "infra")}`));
    const stack = new Stack(name, folder);
    await stack.#pulumi("stack", "init", name);
    return stack;
  }

  /** One that {@link create} made in a folder. */
  static open(name: string, folder: string): Stack {
    return new Stack(name, folder);
  }

  /** Settings by key, as in Pulumi.staging.yaml; the ones given before stay. */
  configure(settings: Readonly<Record<string, unknown>>): void {
    const file = join(this.folder, `Pulumi.${this.name}.yaml`);
    const stored = yaml.load(readFileSync(file, "utf8")) as { config?: Record<string, unknown> };
    const given = Object.entries(settings).map(([key, value]) => [`ratesapp:${key}`, value]);
    writeFileSync(file, yaml.dump({ ...stored, config: { ...stored.config, ...Object.fromEntries(given) } }));
  }

  async set(path: string, value: string, kind: "plaintext" | "secret" = "plaintext"): Promise<void> {
    await this.#pulumi("config", "set", `--${kind}`, "--path", `ratesapp:${path}`, value);
  }

  /** Returns how long it took. */
  up(...args: string[]): Promise<number> {
    return this.#timed("up", "--yes", "--skip-preview", ...args);
  }

  preview(...args: string[]): Promise<string> {
    return this.#pulumi("preview", ...args);
  }

  refresh(): Promise<number> {
    return this.#timed("refresh", "--yes", "--skip-preview", "--run-program");
  }

  /** What differs from the state, as `npm run drift` tells it. Undefined if nothing does. */
  async drift(): Promise<string | undefined> {
    const tsx = pathToFileURL(join(PROJECT, "node_modules/tsx/dist/loader.mjs")).href;
    const program = ["--import", tsx, join(PROJECT, "infra/drift.ts"), this.name];
    try {
      await run(process.execPath, program, { cwd: this.folder, env: this.#env, timeoutMs: 900_000 });
      return undefined;
    } catch (error) {
      if (error instanceof CommandError) return error.message;
      throw error;
    }
  }

  /** `npm run restore`, which asks nothing. Returns what it wrote. */
  restore(...args: string[]): Promise<string> {
    const program = ["--import", "tsx", join(PROJECT, "infra/restore.ts")];
    return run(process.execPath, [...program, ...args, "--stack", this.name, "--cwd", this.folder], {
      cwd: PROJECT,
      env: this.#env,
      timeoutMs: 900_000,
    });
  }

  /** `npm run release`: its exit code, and what it wrote. */
  async release(...args: string[]): Promise<{ code: number | null; output: string }> {
    const program = ["--import", "tsx", join(PROJECT, "infra/release.ts")];
    const options = { cwd: PROJECT, env: this.#env, timeoutMs: 900_000 };
    try {
      const command = [...program, ...args, "--stack", this.name, "--cwd", this.folder];
      return { code: 0, output: await run(process.execPath, command, options) };
    } catch (error) {
      if (error instanceof CommandError) return error;
      throw error;
    }
  }

  /** How it delivers. */
  async strategy(): Promise<string> {
    return (await this.#pulumi("config", "get", "--path", "ratesapp:delivery.strategy")).trim();
  }

  destroy(): Promise<number> {
    return this.#timed("destroy", "--yes", "--skip-preview");
  }

  async outputs(): Promise<Record<string, string>> {
    return JSON.parse(await this.#pulumi("stack", "output", "--json")) as Record<string, string>;
  }

  /** The state as it is stored, secrets encrypted. */
  stored(): Promise<string> {
    return this.#pulumi("stack", "export");
  }

  async #timed(...args: string[]): Promise<number> {
    const start = Date.now();
    await this.#pulumi(...args);
    return (Date.now() - start) / 1000;
  }

  async #pulumi(...args: string[]): Promise<string> {
    const given = args[0] === "stack" && args[1] === "init" ? [] : ["--stack", this.name];
    try {
      return await run("pulumi", [...args, "--non-interactive", ...given], {
        cwd: this.folder,
        env: this.#env,
        timeoutMs: 900_000,
      });
    } catch (error) {
      // Each line that says how far it is hides the ones that say why.
      if (error instanceof CommandError) error.message = error.message.replaceAll(/^@ updating.*\n/gm, "");
      throw error;
    }
  }
}
