import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect } from "chai";
import { bundle, PROGRAM } from "./bundle.js";

const STAGING = { "ratesapp:environment": "staging", "ratesapp:cluster": { context: "there" } };

/** Ends before anything is done: `pulumi` here knows settings alone, and the kubeconfig no cluster. */
function release(args: readonly string[], config: object = STAGING) {
  const folder = mkdtempSync(join(tmpdir(), "ratesapp-release-command-"));
  const settings = Object.entries(config).map(([key, objectValue]) => [key, { objectValue }]);
  writeFileSync(join(folder, "config.json"), JSON.stringify(Object.fromEntries(settings)));
  writeFileSync(join(folder, "kubeconfig"), JSON.stringify({ apiVersion: "v1", kind: "Config" }));
  writeFileSync(join(folder, "pulumi"), `#!/bin/sh\n[ "$1" = config ] && cat ${folder}/config.json\n`);
  chmodSync(join(folder, "pulumi"), 0o755);
  const PATH = `${folder}${delimiter}${process.env.PATH}`;
  const env = { ...process.env, PATH, KUBECONFIG: join(folder, "kubeconfig") };
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { env, encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return { status, stderr };
}

describe("npm run release", function () {
  this.timeout(60_000);
  before(bundle);
  after(() => rmSync(PROGRAM, { force: true }));

  const refused: readonly [what: string, args: readonly string[], message: RegExp, config?: object][] = [
    ["no stack", ["--history"], /required option '--stack <name>' not specified/],
    ["nothing to do", ["--stack", "staging"], /by one of --image, --follow, --abort, --rollback and --history/],
    ["two things to do", ["--stack", "staging", "--rollback", "--follow"], /by one of/],
    ["an image that changes", ["--stack", "staging", "--image", "ratesapp:latest"], /latest is no version/],
    ["an image without a version", ["--stack", "staging", "--image", "ratesapp"], /needs a tag or a digest/],
    ["a cluster that the kubeconfig does not know", ["--stack", "staging", "--history"], /has no context there/],
    [
      "a stack without a Rollout",
      ["--stack", "staging", "--image", "ratesapp:2"],
      /delivers rolling: pulumi config set --stack staging ratesapp:image IMAGE/,
      { ...STAGING, "ratesapp:delivery": { strategy: "rolling" } },
    ],
  ];
  for (const [what, args, message, config] of refused) {
    it(`refuses ${what}, with exit code 2`, () => {
      const { status, stderr } = release(args, config);
      expect(stderr).to.match(message);
      expect(status).to.equal(2);
    });
  }
});
