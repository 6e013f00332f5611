import { z } from "zod";

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const NAMESPACE = new RegExp(`^(?=.{1,63}$)${LABEL}$`);
const NAME = new RegExp(`^(?=.{1,253}$)${LABEL}(\\.${LABEL})*$`);

/** The name of a namespace: a label of DNS (RFC 1123). */
export const namespaceName = z
  .string()
  .regex(NAMESPACE, "must be a Kubernetes namespace: lower-case letters, digits and dashes between them, 63 at most");

/** The name of other objects, such as Secrets, claims and classes: a subdomain of DNS. */
export const objectName = z
  .string()
  .regex(
    NAME,
    "must be a Kubernetes name: lower-case letters, digits, dashes and single dots between them, 253 at most",
  );
