import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { DRILL_COPY, suffixOf } from "../names.js";
import type { Beginning } from "../settings/database-clusters.js";
import type { Settings } from "../settings/schema.js";
import { type PolicyStatement, podIdentity } from "./pod-identity.js";

export interface BackupBucketArgs {
  readonly clusterName: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  /** Namespace of the database. Only pods with the ServiceAccounts of its Clusters may write. */
  readonly namespace: string;
  readonly databases: Settings["database"]["clusters"];
  /** True if restore drills read it. */
  readonly drills: boolean;
  readonly protect: boolean;
}

const OLD_VERSIONS_DAYS = 14;

/** An encrypted, versioned bucket. The pods of the database write to it with the rights of their own ServiceAccount. */
export class BackupBucket extends pulumi.ComponentResource {
  readonly destination: pulumi.Output<string>;

  constructor(name: string, args: BackupBucketArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:cluster:BackupBucket", name, {}, options);
    const { keyArn, protect } = args;
    const bucket = new aws.s3.Bucket(`${name}-backups`, { forceDestroy: !protect }, { parent: this, protect });
    const of = { bucket: bucket.id };
    new aws.s3.BucketPublicAccessBlock(
      `${name}-backups`,
      { ...of, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      { parent: this },
    );
    new aws.s3.BucketServerSideEncryptionConfiguration(
      `${name}-backups`,
      {
        ...of,
        // With a bucket key, one request to KMS serves many objects. WAL makes thousands of objects a day.
        rules: [
          {
            bucketKeyEnabled: true,
            applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: keyArn },
          },
        ],
      },
      { parent: this },
    );
    const versioning = new aws.s3.BucketVersioning(
      `${name}-backups`,
      { ...of, versioningConfiguration: { status: "Enabled" } },
      { parent: this },
    );
    onlyOverTls(name, bucket, { parent: this });
    if (protect) {
      // For as long as its old versions are kept, no key of the database's pods can destroy an object, only hide it.
      new aws.s3.BucketObjectLockConfiguration(
        `${name}-backups`,
        {
          ...of,
          objectLockEnabled: "Enabled",
          rule: { defaultRetention: { mode: "GOVERNANCE", days: OLD_VERSIONS_DAYS } },
        },
        { parent: this, dependsOn: versioning },
      );
    }
    // For two weeks, objects can be restored that retention or a mistake has deleted.
    new aws.s3.BucketLifecycleConfiguration(
      `${name}-backups`,
      {
        ...of,
        rules: [
          {
            id: "old-versions",
            status: "Enabled",
            filter: { prefix: "" },
            noncurrentVersionExpiration: { noncurrentDays: OLD_VERSIONS_DAYS },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
          },
        ],
      },
      { parent: this, dependsOn: versioning },
    );
    const identities = podIdentity(
      `${name}-backups`,
      {
        clusterName: args.clusterName,
        namespace: args.namespace,
        // A Cluster's ServiceAccount has its name.
        serviceAccounts: Object.fromEntries(Object.keys(args.databases).map((one) => [suffixOf(one), one])),
        statements: [
          { Action: ["s3:ListBucket"], Resource: bucket.arn },
          {
            Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            Resource: pulumi.interpolate`${bucket.arn}/*`,
          },
          { Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: keyArn },
          ...Object.values(args.databases).flatMap(readingElsewhere),
        ],
      },
      { parent: this },
    );
    if (args.drills) letDrillsRead(name, bucket, args, { parent: this });
    // Resolved when the pods have the right to write, so that the database does not start before.
    this.destination = pulumi
      .all([bucket.bucket, ...identities.map(({ associationId }) => associationId)])
      .apply(([id]) => `s3://${id}/`);
    this.registerOutputs();
  }
}

/** Lets the copies of restore drills read, and nothing else. */
function letDrillsRead(
  name: string,
  { arn }: aws.s3.Bucket,
  { clusterName, keyArn, namespace }: BackupBucketArgs,
  options: pulumi.CustomResourceOptions,
): void {
  const statements = [
    { Action: ["s3:ListBucket"], Resource: arn },
    { Action: ["s3:GetObject"], Resource: pulumi.interpolate`${arn}/*` },
    { Action: ["kms:Decrypt"], Resource: keyArn },
  ];
  podIdentity(`${name}-drills`, { clusterName, namespace, serviceAccounts: { "": DRILL_COPY }, statements }, options);
}

/** Denies plain HTTP to all. */
function onlyOverTls(name: string, bucket: aws.s3.Bucket, options: pulumi.CustomResourceOptions): void {
  new aws.s3.BucketPolicy(
    `${name}-backups`,
    {
      bucket: bucket.id,
      policy: {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "OnlyOverTls",
            Effect: "Deny",
            Principal: "*",
            Action: "s3:*",
            Resource: [bucket.arn, pulumi.interpolate`${bucket.arn}/*`],
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          },
        ],
      },
    },
    options,
  );
}

/** The right to read the archive that a database is restored from, if it is another one. */
function readingElsewhere(beginning: Beginning): PolicyStatement[] {
  if (typeof beginning !== "object" || beginning.destination === undefined) return [];
  const { hostname } = new URL(beginning.destination);
  return [
    { Action: ["s3:ListBucket"], Resource: `arn:aws:s3:::${hostname}` },
    { Action: ["s3:GetObject"], Resource: `arn:aws:s3:::${hostname}/*` },
    ...(beginning.keyArn ? [{ Action: ["kms:Decrypt"], Resource: beginning.keyArn }] : []),
  ];
}
