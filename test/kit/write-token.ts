import { fileURLToPath } from "node:url";

/** A token with which "ann" may see and change batches, on a server that is started with {@link TAKES_UPLOADS}. */
export const TOKEN = "a-token-for-tests";
export const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` };
/** Environment for `startApi`. */
export const TAKES_UPLOADS = { WRITE_TOKENS_FILE: fileURLToPath(new URL("write-tokens.txt", import.meta.url)) };
