// TypeScript as it stands, for tests and `npm run dev`. tsx by itself leaves worker threads out
// (https://github.com/privatenumber/tsx/issues/354).
import { isMainThread } from "node:worker_threads";
import "tsx";
import { register } from "tsx/esm/api";

if (!isMainThread) register();
