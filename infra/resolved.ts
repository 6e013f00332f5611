import type * as pulumi from "@pulumi/pulumi";

/** The value of an output, for hooks, which run when it is known. */
export const resolved = <T>(output: pulumi.Output<T>): Promise<T> =>
  new Promise((resolve) => {
    output.apply(resolve);
  });
