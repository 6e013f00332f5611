import { fileURLToPath } from "node:url";

const PROJECT = new URL("../", import.meta.url);

/**
 * Resolves a path relative to the project, whatever the working directory of Pulumi is. An absolute path stays
 * unchanged.
 */
export const inProject = (path: string): string => fileURLToPath(new URL(path, PROJECT));
