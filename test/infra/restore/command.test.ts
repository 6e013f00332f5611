import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

/**
 * Programs in place of pulumi and kubectl, for paths that end before either does anything: there is no cluster here.
 * test/cluster runs the command with the real ones.
 */
function standIns(config: object, outputs: object): string {
  const folder = mkdtempSync(join(tmpdir(), "ratesapp-restore-"));
  mkdirSync(join(folder, "bin"));
  const program = (name: string, text: string) => {
    const path = join(folder, "bin", name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  };
  const answers = Object.entries(config).map(([key, objectValue]) => [key, { objectValue }]);
  writeFileSync(join(folder, "config.json"), JSON.stringify(Object.fromEntries(answers)));
  writeFileSync(join(folder, "outputs.json"), JSON.stringify(outputs));
  program(
    "pulumi",
    `case "$1" in
      config) cat ${folder}/config.json ;;
      stack) cat ${folder}/outputs.json ;;
      *) echo "pulumi $*" >> ${folder}/changes; exit 1 ;;
    esac`,
  );
  program("kubectl", `echo 'Error from server (NotFound): not found' >&2; exit 1`);
  return folder;
}

const database = (more: object) => ({
  "ratesapp:environment": "staging",
  "ratesapp:cluster": { context: "here" },
  "ratesapp:backupCredentials": { accessKeyId: "id", secretAccessKey: "not-to-be-read" },
  "ratesapp:database": more,
});
// Nothing listens on port 1.
const backups = { destination: "s3://backups/", endpoint: "http://127.0.0.1:1", credentials: "secret" };

function restore(args: readonly string[], config: object = database({ backups })) {
  const folder = standIns(config, {});
  const env = { ...process.env, PATH: `${folder}/bin:${process.env.PATH}` };
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--import", "tsx", "infra/restore.ts", ...args, ...(args.includes("--stack") ? ["-C", folder] : [])],
    { env, encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

describe("npm run restore", function () {
  this.timeout(20_000);

  it("explains itself", () => {
    const { status, stdout } = restore(["--help"]);
    expect(status).to.equal(0);
    expect(stdout).to.include("Nothing changes for them until you switch.").and.to.include("disaster.md");
  });

  const refused: readonly [what: string, args: readonly string[], message: RegExp, status: number, config?: object][] =
    [
      ["no stack", ["--newest"], /required option '--stack <name>' not specified/, 2],
      ["nothing to restore to", ["--stack", "staging"], /by one of --to, --batch, --backup and --newest/, 2],
      ["two moments", ["--stack", "staging", "--newest", "--batch", "7"], /by one of/, 2],
      ["a time without its zone", ["--stack", "staging", "--to", "2026-11-27T10:15:00"], /with its time zone/, 2],
      ["a day that does not exist", ["--stack", "staging", "--to", "2026-13-27T10:15:00Z"], /with its time zone/, 2],
      ["a batch that is no number", ["--stack", "staging", "--batch", "sea"], /a batch has a number/, 2],
      ["a name that Kubernetes would refuse", ["--stack", "staging", "--newest", "--name", "A_1"], /lower-case/, 2],
      ["an unknown step", ["undo", "--stack", "staging"], /too many arguments|unknown command/, 2],
      [
        "a stack without backups",
        ["--stack", "staging", "--newest"],
        /has no backups \(ratesapp:database.backups\)/,
        2,
        database({}),
      ],
      [
        "wrong settings",
        ["--stack", "staging", "--newest"],
        /ratesapp:database.instances: must be/,
        2,
        database({ instances: 99 }),
      ],
      [
        "a batch of a database that is gone",
        ["--stack", "staging", "--batch", "7"],
        /it alone knows when batch 7 was/,
        2,
      ],
      ["an archive out of reach", ["--stack", "staging", "--newest"], /s3:\/\/backups\/ cannot be read from here/, 1],
      ["a switch with one database", ["switch", "--stack", "staging", "--yes"], /no other database beside ratesapp/, 2],
      ["a drop of the only database", ["drop", "--stack", "staging", "--yes"], /no other database beside ratesapp/, 2],
    ];
  for (const [what, args, message, expected, config] of refused) {
    it(`refuses ${what}, and changes nothing`, () => {
      const { status, stderr, stdout } = restore(args, config);
      expect(stderr).to.match(message);
      expect(stderr + stdout).to.not.include("not-to-be-read");
      expect(status).to.equal(expected);
    });
  }
});
