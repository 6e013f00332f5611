import { namesOf } from "./names.js";

/** How long a namespace may be, and a role at AWS. */
const NAMESPACE = 63;
const ROLE = 64;

/** The longest namespace of a stack. */
const namespaceOf = (stack: string): string => namesOf(stack).database;

/** The longest role of a stack on EKS, its nodes', as @pulumi/eks names it; Pulumi adds eight characters by itself. */
const roleOf = (stack: string): string => `${namesOf(stack).workloads}-nodeRole-role-0badcaf`;

/**
 * The most characters that the name of a stack may have.
 * @param eks whether the program makes the cluster: then what it makes at AWS is named after the stack too.
 */
export const longestStackName = (eks = false): number =>
  Math.min(NAMESPACE - namespaceOf("").length, ...(eks ? [ROLE - roleOf("").length] : []));

/**
 * What is wrong with the name of a stack; undefined: nothing. Kubernetes or AWS would refuse the names that are made of
 * it, in the middle of an `up`.
 */
export function stackNameMistake(stack: string, eks = false): string | undefined {
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(stack)) {
    return `a stack's name is lower-case letters, digits, and dashes between them, because its namespace is ${namespaceOf(stack)}`;
  }
  // The repository of its images; ECR.
  if (eks && stack.includes("--")) return "on EKS a stack's name has no two dashes in a row";
  if (stack.endsWith("-database")) return "a stack's name does not end in -database, as the namespaces of databases do";
  const most = longestStackName(eks);
  if (stack.length <= most) return undefined;
  const made = eks ? `its nodes' role is ${roleOf(stack)}` : `its namespace is ${namespaceOf(stack)}`;
  return `a stack's name has at most ${most} characters, because ${made}, of at most ${eks ? ROLE : NAMESPACE}`;
}
