import packageJson from "../../package.json" with { type: "json" };
import { rawSettings, readStackSettings } from "../settings/read-settings.js";
import type { Settings } from "../settings/schema.js";
import type { BackupCredentials } from "../settings/secrets.js";
import { answer, ProgramError, type Running, start } from "./programs.js";
import { SettingsError } from "./restore-error.js";

type Config = Readonly<Record<string, { readonly value?: string; readonly objectValue?: unknown }>>;

interface Outputs {
  readonly archives?: Readonly<Record<string, string>>;
  readonly images?: { readonly servers: string; readonly ingest: string };
}

/** A resource in the state of a stack. */
interface Stored {
  readonly urn: string;
  readonly type: string;
  readonly inputs?: { readonly metadata?: { readonly name?: string } };
}

/** A stack by Pulumi's own command line: its settings, its state, and `up`. */
export class Stack {
  readonly name: string;
  readonly #cwd: string;

  /** @param cwd folder of Pulumi.yaml */
  constructor(name: string, cwd: string) {
    this.name = name;
    this.#cwd = cwd;
  }

  /**
   * @param secrets false to read without what decrypts secrets; `keys` are then of no use.
   * @throws {SettingsError} @throws {StackSettingsError}
   */
  async settings({ secrets = true } = {}): Promise<{ settings: Settings; keys: BackupCredentials | undefined }> {
    const shown = secrets ? ["--show-secrets"] : [];
    const config = JSON.parse(
      await this.#pulumi("config", "--json", ...shown).catch((error: unknown) => {
        if (error instanceof ProgramError && /no stack named/.test(error.output)) {
          const init = `pulumi stack init ${this.name}`;
          throw new SettingsError(`There is no stack ${this.name}. If its state is lost, begin a new one: ${init}`);
        }
        throw error;
      }),
    ) as Config;
    const texts = Object.entries(config).map(([key, { objectValue, value }]) => [
      key,
      objectValue === undefined ? (value ?? "") : JSON.stringify(objectValue),
    ]);
    const raw = rawSettings(Object.fromEntries(texts));
    return {
      settings: readStackSettings(this.name, raw, `ghcr.io/ratesapp/ratesapp:${packageJson.version}`),
      keys: raw.backupCredentials as BackupCredentials | undefined,
    };
  }

  /** Archives by the name of their Cluster, as the last `up` left them: `s3://bucket/folder/server`. */
  async archives(): Promise<Readonly<Record<string, string>>> {
    return (await this.#outputs("--show-secrets")).archives ?? {};
  }

  /** What runs, as the last `up` left it; undefined if there was none. */
  async images(): Promise<Outputs["images"]> {
    return (await this.#outputs()).images;
  }

  async #outputs(...options: string[]): Promise<Outputs> {
    return JSON.parse(await this.#pulumi("stack", "output", "--json", ...options)) as Outputs;
  }

  /** Sets values below `ratesapp:database`, and removes those that are undefined. */
  async set(values: Readonly<Record<string, string | undefined>>): Promise<void> {
    for (const [path, value] of Object.entries(values)) {
      const key = `ratesapp:database.${path}`;
      if (value === undefined) await this.#pulumi("config", "rm", "--path", key);
      else await this.#pulumi("config", "set", "--path", "--plaintext", key, "--", value);
    }
  }

  up(): Running {
    return start("pulumi", [...this.#args("up"), "--yes", "--skip-preview"], this.#cwd);
  }

  /**
   * Takes over what is gone from Kubernetes, so that the next `up` makes it again. Not the databases: their roles go
   * with them when they leave the settings, and a refresh would ask a database that is gone for its roles. Passwords
   * are nowhere but in the state.
   */
  async refresh(): Promise<void> {
    const exclude = ["**postgresql.cnpg.io/v1:Cluster::**", "**postgresql:index/**", "**random:index/**"];
    const excluded = exclude.flatMap((urn) => ["--exclude", urn]);
    await this.#pulumi("refresh", "--yes", "--skip-preview", ...excluded);
  }

  /** Lets Pulumi delete a protected database. */
  async unprotect(cluster: string): Promise<void> {
    const { deployment } = JSON.parse(await this.#pulumi("stack", "export")) as {
      deployment: { resources?: readonly Stored[] };
    };
    const found = deployment.resources?.find(
      ({ inputs, type }) => type === "kubernetes:postgresql.cnpg.io/v1:Cluster" && inputs?.metadata?.name === cluster,
    );
    if (found) await this.#pulumi("state", "unprotect", "--yes", found.urn);
  }

  #pulumi(...args: string[]): Promise<string> {
    return answer("pulumi", this.#args(...args), this.#cwd);
  }

  #args(...args: string[]): string[] {
    const [first = "", ...rest] = args;
    return [first, "--non-interactive", "--stack", this.name, ...rest];
  }
}
