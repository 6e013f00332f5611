import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { podIdentity } from "./pod-identity.js";

export interface BackupBucketArgs {
  readonly clusterName: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  /** The database's, and its ServiceAccount, which alone may write. */
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly protect: boolean;
}

/** An encrypted, versioned bucket that the database's pods write to as themselves. */
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
        // A bucket key asks KMS once for many objects; WAL is thousands of them a day.
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
    // What retention or a mistake deletes can be brought back for two weeks.
    new aws.s3.BucketLifecycleConfiguration(
      `${name}-backups`,
      {
        ...of,
        rules: [
          {
            id: "old-versions",
            status: "Enabled",
            filter: { prefix: "" },
            noncurrentVersionExpiration: { noncurrentDays: 14 },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
          },
        ],
      },
      { parent: this, dependsOn: versioning },
    );
    const identity = podIdentity(
      `${name}-backups`,
      {
        clusterName: args.clusterName,
        namespace: args.namespace,
        serviceAccount: args.serviceAccount,
        statements: [
          { Action: ["s3:ListBucket"], Resource: bucket.arn },
          {
            Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            Resource: pulumi.interpolate`${bucket.arn}/*`,
          },
          { Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: keyArn },
        ],
      },
      { parent: this },
    );
    // Known when the pods may write, so that the database starts no earlier.
    this.destination = pulumi.all([bucket.bucket, identity.associationId]).apply(([id]) => `s3://${id}/`);
    this.registerOutputs();
  }
}
