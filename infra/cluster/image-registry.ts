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
              // An image with a tag may be running, or be what a rollback goes back to, so it is never removed. An
              // image of several platforms is kept together with its parts, which have no tag.
              rulePriority: 1,
              description: "leftovers of pushes that failed",
              selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 },
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
