import { fileURLToPath } from "node:url";

const PROJECT = new URL("../", import.meta.url);

/** A path relative to the project, wherever Pulumi was started; an absolute one stays as it is. */
export const inProject = (path: string): string => fileURLToPath(new URL(path, PROJECT));
