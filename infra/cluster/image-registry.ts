import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface ImageRegistryArgs {
  readonly keyArn: pulumi.Input<string>;
  readonly protect: boolean;
}

/**
 * A repository for the application's image. Images are scanned when they are pushed. A tag can never be moved, so the
 * image that was tested is the one that is released.
 */
export class ImageRegistry extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: ImageRegistryArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:cluster:Registry", name, {}, options);
    const repository = new aws.ecr.Repository(
      name,
      {
        name,
        imageTagMutability: "IMMUTABLE",
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: args.keyArn }],
        forceDelete: !args.protect,
      },
      { parent: this, protect: args.protect },
    );
    new aws.ecr.LifecyclePolicy(
      name,
      {
        repository: repository.name,
        policy: {
          rules: [
            {
              rulePriority: 1,
              description: "the last hundred; a rollback needs the one before",
              selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 100 },
              action: { type: "expire" },
            },
          ],
        },
      },
      { parent: this },
    );
    this.url = repository.repositoryUrl;
    this.registerOutputs();
  }
}
