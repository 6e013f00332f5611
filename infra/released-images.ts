import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Image, image, imageText } from "./settings/image.js";
import type { Settings } from "./settings/schema.js";

/** The images of a stack. They differ only while a release is on its way: servers come first. */
export interface Images {
  /** Of the API, the migration and the import of places. */
  readonly servers: Image;
  /** Of the operator, ingest and compaction. */
  readonly ingest: Image;
}

/** The environment variable by which `npm run release` says which images an `up` makes run. */
export const RELEASE = "RATESAPP_RELEASE";

const texts = z.strictObject({ servers: image, ingest: image });

/**
 * The images that run from this `up` on: those of the release that runs it, otherwise those of the `up` before. They
 * are an output of the stack, so all who run `up` have the same ones, whatever is written in their copy of the
 * settings. `settings.image` is for the first `up`, and for a stack without a Rollout.
 * @throws {z.ZodError} for a wrong {@link RELEASE}.
 */
export async function releasedImages(stack: string, { delivery, image: first }: Settings): Promise<Images> {
  const beginning = { servers: first, ingest: first };
  if (delivery.strategy === "rolling") return beginning;
  const given = process.env[RELEASE];
  if (given !== undefined) return texts.parse(JSON.parse(given));
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  const { value } = await new pulumi.StackReference("this-stack", { name }).getOutputDetails("images");
  const released = texts.safeParse(value);
  return released.success ? released.data : beginning;
}

/** As an output of the stack, from which {@link releasedImages} reads them. */
export const imageTexts = ({ ingest, servers }: Images) => ({
  servers: imageText(servers),
  ingest: imageText(ingest),
});
