import { z } from "zod";

const IMAGE = /^([a-z0-9][a-z0-9._/:-]*?)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** A repository with a tag, a digest or both. */
export interface Image {
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** An image that is fixed by a digest, or by a tag other than `latest`. */
export const image = z
  .string()
  .regex(IMAGE, "must be an image such as ghcr.io/ratesapp/ratesapp:1.2.3")
  .refine((text) => parts(text).tag !== "latest" || parts(text).digest, "latest is no version; name one, or a digest")
  .refine((text) => parts(text).tag ?? parts(text).digest, "needs a tag or a digest")
  .transform(parts);

function parts(text: string): Image {
  const [, repository = "", tag, digest] = IMAGE.exec(text) ?? [];
  return { repository, ...(tag && { tag }), ...(digest && { digest }) };
}

/** The image as one text, as in the spec of a container. */
export const imageText = ({ repository, tag, digest }: Image): string =>
  `${repository}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
