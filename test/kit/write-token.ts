import { fileURLToPath } from "node:url";

/** Lets its bearer see and change batches, as ann, on a server that is started with {@link TAKES_UPLOADS}. */
export const TOKEN = "a-token-for-tests";
export const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` };
/** For the environment of `startApi`. */
export const TAKES_UPLOADS = { WRITE_TOKENS_FILE: fileURLToPath(new URL("write-tokens.txt", import.meta.url)) };
