// Runs TypeScript uncompiled, for tests and `npm run dev`. tsx alone does not work in worker threads
// (https://github.com/privatenumber/tsx/issues/354).
import { isMainThread } from "node:worker_threads";
import "tsx";
import { register } from "tsx/esm/api";

if (!isMainThread) register();
