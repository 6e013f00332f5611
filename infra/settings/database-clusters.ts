import { z } from "zod";

/**
 * The name of a CloudNativePG Cluster. Names of its Services, pods and poolers begin with it. Its folder in the archive
 * has it too, so that folders of other stacks are not taken for those of this one.
 */
export const clusterName = z
  .string()
  .regex(
    /^(ratesapp|restored-[a-z0-9]([a-z0-9-]{0,29}[a-z0-9])?)$/,
    "must be ratesapp, or restored- and up to 31 lower-case letters, digits and dashes between them",
  );

/** A database in an archive, and the moment to which it is restored: the newest one, if neither is given. */
const origin = z.strictObject({
  /** Folder of the database in the archive, such as ratesapp-prod-0badcafe. */
  server: z.string().regex(/^[A-Za-z0-9][\w.-]*$/, "must be the name of a folder in the archive"),
  /** The archive, if it is not that of database.backups: `s3://bucket/folder`. */
  destination: z
    .string()
    .regex(/^s3:\/\/[^/]+(\/.*)?$/, "must look like s3://bucket/folder")
    .optional(),
  /** On EKS: ARN of the key with which that archive is encrypted. */
  keyArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:kms:/, "must be the ARN of a key in KMS")
    .optional(),
  /** Commits up to this moment are restored. */
  to: z.iso.datetime({ offset: true, error: "must be a time such as 2026-11-27T10:15:00Z" }).optional(),
  /** Id of a base backup. The database is as it was at the end of that backup. */
  backup: z
    .string()
    .regex(/^[0-9]{8}T[0-9]{6}$/, "must be the id of a base backup such as 20261127T020000")
    .optional(),
});

/**
 * The databases of a stack, and how each of them began. `empty` is refused when it would be made beside an archive that
 * has data of the stack (infra/archive/empty-beside-archive.ts); `empty-beside-archive` only if they are its own.
 */
export const databaseClusters = z.record(
  clusterName,
  z.union(
    [z.enum(["empty", "empty-beside-archive"]), origin],
    "must be empty, empty-beside-archive, or {server, to or backup}",
  ),
);

/** How the data of a Cluster began. */
export type Beginning = z.output<typeof databaseClusters>[string];
/** A database in an archive. */
export type Origin = z.output<typeof origin>;
