import type { Settings } from "../settings/schema.js";
import type { PolicyStatement } from "./pod-identity.js";

/**
 * The rights that ingest pods need to read deliveries from S3, for feeds that have no keys of their own.
 * @param keyArns KMS keys with which deliveries are encrypted.
 */
export function deliveryRights(feeds: Settings["feeds"], keyArns: readonly string[]): PolicyStatement[] {
  const reading = Object.values(feeds).flatMap(({ credentialsSecretName, environment, source }) => {
    const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(source) ?? [];
    const elsewhere = environment?.AWS_ENDPOINT_URL_S3 ?? environment?.AWS_ENDPOINT_URL;
    if (!bucket || credentialsSecretName || elsewhere) return [];
    return [
      { Action: ["s3:ListBucket"], Resource: `arn:aws:s3:::${bucket}` },
      { Action: ["s3:GetObject"], Resource: `arn:aws:s3:::${bucket}/${prefix}*` },
    ];
  });
  if (reading.length === 0 || keyArns.length === 0) return reading;
  return [...reading, { Action: ["kms:Decrypt"], Resource: [...keyArns] }];
}
