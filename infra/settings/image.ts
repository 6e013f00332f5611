import { z } from "zod";

const IMAGE = /^([a-z0-9][a-z0-9._/:-]*?)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** `repository`, and a tag or a digest or both. */
export interface Image {
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** An image by name; one that says which: a tag that is not `latest`, or a digest. */
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

/** The image in one text, as a container's spec takes it. */
export const imageText = ({ repository, tag, digest }: Image): string =>
  `${repository}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
