import { z } from "zod";
import { feedFields, feedNameRule, refuseWhatDoesNotGoTogether } from "../../app/operator/feed/feed-spec.js";
import { resources } from "./resources.js";

type Given<Fields> = {
  [Name in keyof Fields]: Fields[Name] extends z.ZodDefault<infer Inner extends z.ZodType>
    ? z.ZodOptional<Inner>
    : Fields[Name];
};

/** Without defaults: the definition of Feed in the cluster has them. */
const givenFields = Object.fromEntries(
  Object.entries(feedFields).map(([name, field]) => [
    name,
    field instanceof z.ZodDefault ? z.optional(field.unwrap()) : field,
  ]),
) as Given<typeof feedFields>;

/** The spec of a Feed (app/operator/feed). `feedCredentials` makes the Secret, or `credentialsSecretName` names one. */
export const feed = z
  .strictObject({ ...givenFields, resources: resources.optional() })
  .superRefine(refuseWhatDoesNotGoTogether);

export const feedName = z.string().regex(new RegExp(feedNameRule.pattern), feedNameRule.message);
