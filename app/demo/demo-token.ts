import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A token that allows writes, and the file of write tokens that contains its hash. */
export interface DemoToken {
  readonly token: string;
  readonly writeTokensFile: string;
}

/** The token of this data directory. It is random and made once; only its owner can read it. */
export async function demoToken(directory: string): Promise<DemoToken> {
  await mkdir(directory, { recursive: true });
  const tokenFile = join(directory, "write-token");
  const writeTokensFile = join(directory, "write-tokens");
  const token = await readFile(tokenFile, "utf8").catch(() => randomBytes(18).toString("base64url"));
  await writeFile(tokenFile, token, { mode: 0o600 });
  await writeFile(writeTokensFile, `demo:${createHash("sha256").update(token).digest("hex")}\n`, { mode: 0o600 });
  return { token, writeTokensFile };
}
