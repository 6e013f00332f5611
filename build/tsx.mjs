import { isMainThread } from "node:worker_threads";
import "tsx";
import { register } from "tsx/esm/api";

if (!isMainThread) register();
