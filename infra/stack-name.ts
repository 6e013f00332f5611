import { namesOf } from "./names.js";

/** Longest name of a namespace, and of a role in AWS. */
const NAMESPACE = 63;
const ROLE = 64;

/** The longest namespace that a stack has. */
const namespaceOf = (stack: string): string => namesOf(stack).database;

/**
 * The longest role name of a stack on EKS. It is the role of the nodes, as @pulumi/eks names it; Pulumi adds eight
 * characters.
 */
const roleOf = (stack: string): string => `${namesOf(stack).workloads}-nodeRole-role-0badcaf`;

/**
 * The most characters that the name of a stack may have.
 * @param eks true if the program makes the cluster: then resources in AWS are named after the stack too.
 */
export const longestStackName = (eks = false): number =>
  Math.min(NAMESPACE - namespaceOf("").length, ...(eks ? [ROLE - roleOf("").length] : []));

/**
 * What is wrong with the name of a stack; undefined if nothing is. Without this check, Kubernetes or AWS would refuse
 * names that contain it, in the middle of an `up`.
 */
export function stackNameMistake(stack: string, eks = false): string | undefined {
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(stack)) {
    return `a stack's name is lower-case letters, digits, and dashes between them, because its namespace is ${namespaceOf(stack)}`;
  }
  // ECR does not accept two dashes in a row in the repository name.
  if (eks && stack.includes("--")) return "on EKS a stack's name has no two dashes in a row";
  if (stack.endsWith("-database")) return "a stack's name does not end in -database, as the namespaces of databases do";
  const most = longestStackName(eks);
  if (stack.length <= most) return undefined;
  const made = eks ? `its nodes' role is ${roleOf(stack)}` : `its namespace is ${namespaceOf(stack)}`;
  return `a stack's name has at most ${most} characters, because ${made}, of at most ${eks ? ROLE : NAMESPACE}`;
}
