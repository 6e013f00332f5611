import { secretKeys } from "../settings/secrets.js";
import { longestStackName, stackNameMistake } from "../stack-name.js";

export const USAGE = `usage: npm run sandbox -- NAME [KEY=VALUE …] [--empty]

A copy of the system of your own, on the cluster that kubectl speaks to now, with a year of generated prices to look at.
Run it again to change a setting. It is gone with \`pulumi destroy --stack NAME --remove\`.

  NAME       up to ${longestStackName()} lower-case letters, digits and dashes
  KEY=VALUE  a setting (infra/settings/schema.ts) as \`pulumi config set --path\` takes it; secret ones are encrypted
  --empty    no generated prices

Nodes pull the image from a registry; name one that they reach, unless they reach the published one.
CloudNativePG is installed if it is missing, for all sandboxes together: it belongs to none of them and stays.

Examples:
  npm run sandbox -- ann image=registry.example/ratesapp:dev
  npm run sandbox -- ann api.maxReplicas=5 database.storageClass=fast
  npm run sandbox -- ann writeTokens.me=$(printf %s "$TOKEN" | sha256sum | cut -c 1-64)
`;

/** The arguments of one `pulumi config set`. */
export interface Assignment {
  readonly key: string;
  readonly value: string;
  readonly secret: boolean;
}

/** The parsed command line. */
export interface SandboxArguments {
  readonly name: string;
  readonly assignments: readonly Assignment[];
  readonly empty: boolean;
}

/** Thrown if the command line is wrong. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

const ASSIGNMENT = /^([\w.[\]-]+)=(.*)$/s;

/**
 * Parses the command line.
 * @returns undefined if the user asks for help.
 * @throws {UsageError}
 */
export function sandboxArguments(argv: readonly string[]): SandboxArguments | undefined {
  if (argv.includes("--help") || argv.includes("-h")) return undefined;
  const [name, ...rest] = argv.filter((argument) => argument !== "--empty");
  if (name === undefined) throw new UsageError("name the sandbox");
  const mistake = stackNameMistake(name);
  if (mistake) throw new UsageError(`${name}: ${mistake}`);
  return { name, assignments: rest.map(assignment), empty: argv.includes("--empty") };
}

function assignment(text: string): Assignment {
  const [, key, value] = ASSIGNMENT.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new UsageError(`${text}: a setting is KEY=VALUE`);
  // These settings make the stack a sandbox on this cluster, so the user must not set them.
  if (/^(environment|cluster\.(context|eks))\b/.test(key))
    throw new UsageError(`${key} is not for a sandbox to choose`);
  return { key, value, secret: secretKeys.some((secret) => key.split(/[.[]/)[0] === secret) };
}
