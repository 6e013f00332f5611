import type { S3Client } from "@aws-sdk/client-s3";
import type { BackupCredentials } from "../settings/secrets.js";

export interface ArchiveOptions {
  /** `s3://bucket/folder` */
  readonly destination: string;
  /** Address of an object store other than AWS S3. */
  readonly endpoint: string | undefined;
  /** If undefined, the rights on AWS that this machine has (profile, environment, role). */
  readonly keys: BackupCredentials | undefined;
}

/** A complete base backup. */
export interface BaseBackup {
  readonly id: string;
  /** A database can be restored to moments from here on. */
  readonly end: Date;
  /** Size of the database. */
  readonly bytes: number | undefined;
}

/** Thrown if the archive cannot be read from this machine. */
export class ArchiveError extends Error {
  constructor(destination: string, cause: unknown) {
    super(`the archive ${destination} cannot be read from here: ${cause instanceof Error ? reasonOf(cause) : cause}`);
    this.name = "ArchiveError";
  }
}

/** Some errors of connections have no message of their own. */
const reasonOf = ({ message, name }: Error): string => (message && message !== "UnknownError" ? message : name);

const ATTEMPTS = 2;
const TIMEOUT_MS = 10_000;

/** Reads what Barman stored: a folder for each database, in it `base/ID/backup.info` and `wals/…/…`. */
export class ArchiveReader {
  readonly #options: ArchiveOptions;
  readonly #bucket: string;
  readonly #prefix: string;
  #client: Promise<S3Client> | undefined;

  constructor(options: ArchiveOptions) {
    this.#options = options;
    const { hostname, pathname } = new URL(options.destination);
    this.#bucket = hostname;
    const folder = pathname.replaceAll(/^\/+|\/+$/g, "");
    this.#prefix = folder === "" ? "" : `${folder}/`;
  }

  /** Folders of databases that begin with a text. @throws {ArchiveError} */
  servers(beginning: string): Promise<string[]> {
    return this.#folders(this.#prefix, beginning);
  }

  /** Complete base backups of a database, the oldest first. @throws {ArchiveError} */
  async backups(server: string): Promise<BaseBackup[]> {
    const base = `${this.#prefix}${server}/base/`;
    const ids = await this.#folders(base);
    const infos = await Promise.all(ids.map(async (id) => [id, await this.#text(`${base}${id}/backup.info`)] as const));
    return infos
      .flatMap(([id, info]) => (info === undefined ? [] : backupOf(id, info)))
      .sort((a, b) => a.end.getTime() - b.end.getTime());
  }

  /** When the newest WAL of a database was stored; undefined if there is none. @throws {ArchiveError} */
  async newestWal(server: string): Promise<Date | undefined> {
    const wals = `${this.#prefix}${server}/wals/`;
    // Each folder has up to 256 files, and the names grow.
    const last = (await this.#folders(wals)).sort().at(-1);
    if (last === undefined) return undefined;
    const { Contents = [] } = await this.#list({ Prefix: `${wals}${last}/` });
    const times = Contents.flatMap(({ LastModified }) => LastModified ?? []).map((time) => time.getTime());
    return times.length === 0 ? undefined : new Date(Math.max(...times));
  }

  /** Names of the folders below a prefix that begin with a text. */
  async #folders(below: string, beginning = ""): Promise<string[]> {
    const found: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#list({
        Prefix: below + beginning,
        Delimiter: "/",
        ...(ContinuationToken !== undefined && { ContinuationToken }),
      });
      const names = (page.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []);
      found.push(...names.map((name) => name.slice(below.length, -1)));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return found;
  }

  #list(input: { Prefix: string; Delimiter?: string; ContinuationToken?: string }) {
    return this.#ask(async (client, { ListObjectsV2Command }) =>
      client.send(new ListObjectsV2Command({ Bucket: this.#bucket, ...input })),
    );
  }

  /** Undefined if there is no such object: a backup that has just begun. */
  #text(Key: string): Promise<string | undefined> {
    return this.#ask(async (client, { GetObjectCommand, NoSuchKey }) => {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: this.#bucket, Key }));
        return await Body?.transformToString();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    });
  }

  async #ask<T>(question: (client: S3Client, library: typeof import("@aws-sdk/client-s3")) => Promise<T>): Promise<T> {
    // The library warns of the version of Node.js that it will need next year.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
    // Imported only here: a preview asks nothing.
    const library = await import("@aws-sdk/client-s3");
    this.#client ??= Promise.resolve(this.#connect(library));
    try {
      return await question(await this.#client, library);
    } catch (error) {
      throw new ArchiveError(this.#options.destination, error);
    }
  }

  #connect({ S3Client }: typeof import("@aws-sdk/client-s3")): S3Client {
    const { endpoint, keys } = this.#options;
    return new S3Client({
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      ...(keys && { credentials: keys }),
      region: process.env.AWS_REGION ?? "us-east-1",
      followRegionRedirects: true,
      maxAttempts: ATTEMPTS,
      requestHandler: { connectionTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS },
    });
  }
}

/** Parses Barman's `backup.info`. A backup that failed or is not complete is left out. */
export function backupOf(id: string, info: string): BaseBackup[] {
  const values = new Map(
    info.split("\n").map((line) => [line.split("=", 1)[0] ?? "", line.slice(line.indexOf("=") + 1)]),
  );
  const end = new Date((values.get("end_time") ?? "").replace(" ", "T"));
  if (values.get("status") !== "DONE" || Number.isNaN(end.getTime())) return [];
  const size = Number(values.get("cluster_size"));
  return [{ id, end, bytes: Number.isFinite(size) && size > 0 ? size : undefined }];
}
