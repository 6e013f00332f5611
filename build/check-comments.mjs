// Checks comments, documents and messages: a line of a comment has at most 120 columns, and none of the words below
// hides who acts. "Whoever holds the lock" makes readers search for the holder; "the session that loads the piece"
// names it. "Nobody sees it" leaves open who could have seen it; "consumers no longer see it" does not.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const WORDS = /\b(whoever|nobody|somebody|anybody|someone|anyone)('s)?\b/i;
/** Files that need such a word: this list, and a system user with that name. */
const EXEMPT = new Set(["build/check-comments.mjs", "app/database/embedded/server-user.ts"]);
const LONGEST_LINE = 120;
/** How a line of a comment begins, for each file extension. SQL occurs in TypeScript too. */
const COMMENT = [
  [/\.(ts|mts|mjs|js|css)$/, /^\s*(\/\*|\*|\/\/|--)|\s\/\/ /],
  [/\.sql$/, /--/],
  [/\.(ya?ml|sh|py|tpl)$/, /^\s*#/],
];

const root = fileURLToPath(new URL("..", import.meta.url));
const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root })
  .toString()
  .split("\0")
  .filter((file) => /\.(ts|mts|mjs|js|css|sql|md|ya?ml|json|sh|py|tpl|txt)$/.test(file) && !EXEMPT.has(file))
  .filter((file) => file !== "package-lock.json");

let faults = 0;
for (const file of files) {
  const comment = COMMENT.find(([ending]) => ending.test(file))?.[1];
  for (const [index, line] of readFileSync(`${root}/${file}`, "utf8").split("\n").entries()) {
    const at = `${file}:${index + 1}`;
    const word = WORDS.exec(line)?.[1];
    if (word !== undefined) report(`${at}: "${word}" does not say who`);
    if (line.length > LONGEST_LINE && comment?.test(line)) report(`${at}: a comment of ${line.length} columns`);
  }
}
if (faults > 0) process.exit(1);

function report(fault) {
  faults++;
  console.error(fault);
}
