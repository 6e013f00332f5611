import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

export interface PodIdentityArgs {
  readonly clusterName: pulumi.Input<string>;
  /** Namespace of the pods. */
  readonly namespace: string;
  /** Names of ServiceAccounts, by the end of the names of their resources. */
  readonly serviceAccounts: Readonly<Record<string, string>>;
  /** What the pods may do. */
  readonly statements: readonly PolicyStatement[];
}

/** A statement of an IAM policy that allows the actions. */
export interface PolicyStatement {
  readonly Action: string[];
  readonly Resource: pulumi.Input<string> | string[];
}

/**
 * Gives the pods of ServiceAccounts rights on AWS, without a key that would have to be distributed and could be lost.
 */
export function podIdentity(
  name: string,
  args: PodIdentityArgs,
  options: pulumi.CustomResourceOptions,
): aws.eks.PodIdentityAssociation[] {
  const role = new aws.iam.Role(
    name,
    {
      assumeRolePolicy: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "pods.eks.amazonaws.com" },
            Action: ["sts:AssumeRole", "sts:TagSession"],
          },
        ],
      },
    },
    options,
  );
  const policy = new aws.iam.RolePolicy(
    name,
    {
      role: role.id,
      policy: {
        Version: "2012-10-17",
        Statement: args.statements.map((statement) => ({ Effect: "Allow" as const, ...statement })),
      },
    },
    options,
  );
  return Object.entries(args.serviceAccounts).map(
    ([suffix, serviceAccount]) =>
      new aws.eks.PodIdentityAssociation(
        `${name}${suffix}`,
        { clusterName: args.clusterName, namespace: args.namespace, serviceAccount, roleArn: role.arn },
        { ...options, dependsOn: policy },
      ),
  );
}
