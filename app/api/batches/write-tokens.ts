import { createHash, timingSafeEqual } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { Logger } from "../../telemetry/logger.js";
import { ProblemError } from "../http/problems.js";
import type { ApiContext, ApiMiddleware } from "../http/request.js";

const LINE = /^([\w.@-]{1,100}):([0-9a-f]{64})$/i;
/** The file can change at any time, like a mounted Kubernetes Secret. A change is noticed within a second. */
const LOOK_AGAIN_MS = 1_000;
const CHALLENGE = { "WWW-Authenticate": 'Bearer realm="batches"' };

interface Holder {
  readonly name: string;
  readonly hash: Buffer;
}

/**
 * The tokens that allow writes. The file has a line `name:sha256` for each, with the hash in hexadecimal, and may have
 * blank lines and `#` comments. It is read again when it changes. While it is missing or cannot be read, every token is
 * refused. Tokens are random and long, so one round of SHA-256 protects them well enough.
 */
export class WriteTokens {
  readonly #path: string | undefined;
  readonly #logger: Logger;
  /** Undefined before the file is first read. */
  #holders: readonly Holder[] | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> = Promise.resolve();
  #fingerprint = "";

  /** @param path path of the file; if undefined, every token is refused */
  constructor(path: string | undefined, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** False if no file is configured, so that every token is refused. */
  get exist(): boolean {
    return this.#path !== undefined;
  }

  /** @returns the name beside the token, or undefined if the file does not have the token. */
  async holderOf(token: string): Promise<string | undefined> {
    await this.#refresh();
    const hash = createHash("sha256").update(token).digest();
    let found: string | undefined;
    // Every line is compared, each in constant time, so that the time taken tells a caller nothing about the tokens.
    for (const holder of this.#holders ?? []) if (timingSafeEqual(holder.hash, hash)) found = holder.name;
    return found;
  }

  /** A request that arrives during a reading waits for it, because before the first reading no token is known. */
  #refresh(): Promise<void> {
    if (this.#path !== undefined && performance.now() - this.#lookedAtMs >= LOOK_AGAIN_MS) {
      this.#lookedAtMs = performance.now();
      this.#looking = this.#read(this.#path);
    }
    return this.#looking;
  }

  async #read(path: string): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(path);
      const fingerprint = `${mtimeMs} ${size} ${ino}`;
      if (fingerprint === this.#fingerprint) return;
      this.#keep(this.#parse(await readFile(path, "utf8")));
      this.#fingerprint = fingerprint;
    } catch (error) {
      // An operator may delete the file, or make it unreadable, to withdraw all tokens. So every token is refused from
      // then on.
      this.#keep([], error);
      this.#fingerprint = "";
    }
  }

  #keep(holders: readonly Holder[], error?: unknown): void {
    if (holders.length === 0 && this.#holders?.length !== 0) {
      this.#logger.error({ path: this.#path, error }, "no write token is good any more");
    }
    this.#holders = holders;
  }

  #parse(text: string): Holder[] {
    return text.split(/\r?\n/).flatMap((line, index) => {
      const trimmed = line.trim();
      if (trimmed === "" || trimmed.startsWith("#")) return [];
      const [, name, hash] = LINE.exec(trimmed) ?? [];
      if (name === undefined || hash === undefined) {
        this.#logger.error({ path: this.#path, line: index + 1 }, "not a line of name:sha256; ignored");
        return [];
      }
      return [{ name, hash: Buffer.from(hash, "hex") }];
    });
  }
}

/**
 * Lets a request pass if it carries a token of the file.
 * @throws {ProblemError} `unauthorized` otherwise.
 */
export function requireWriteToken(tokens: WriteTokens): ApiMiddleware {
  return async function authorize(ctx: ApiContext, next) {
    const [, token] = /^Bearer +([\w.~+/=-]+) *$/i.exec(ctx.get("Authorization")) ?? [];
    const holder = token === undefined ? undefined : await tokens.holderOf(token);
    if (holder === undefined) {
      const unknown = tokens.exist
        ? "The bearer token is not known."
        : "This server knows no tokens: WRITE_TOKENS_FILE.";
      const detail = token === undefined ? "This path needs a bearer token." : unknown;
      throw new ProblemError("unauthorized", detail, { headers: CHALLENGE });
    }
    // Only clients with a token may see this answer, so a shared cache must not keep it.
    ctx.set("Cache-Control", "no-store");
    return next();
  };
}
