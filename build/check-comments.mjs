// What readers meet in comments, documents and messages: lines of comments keep to 120 columns, and none of these words
// hides who acts. "Whoever holds the lock" sends a reader to look for the holder; "the session that loads the piece"
// says it. "Nobody sees it" leaves open who could have; "consumers no longer see it" does not.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const WORDS = /\b(whoever|nobody|somebody|anybody|someone|anyone)('s)?\b/i;
/** Files that have to hold such a word: the list above, and a user of the system that is called so. */
const EXEMPT = new Set(["build/check-comments.mjs", "app/database/embedded/server-user.ts"]);
const LONGEST_LINE = 120;
/** Where a line of a comment begins, by the ending of the file. SQL stands in TypeScript too. */
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
