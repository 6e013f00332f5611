/** Prints lines, each with the time before it. */
export function say(text: string): void {
  const time = new Date().toISOString().slice(11, 19);
  for (const line of text.split("\n")) console.log(`${time}  ${line}`);
}

/** The command of a next step. */
export const next = (command: string, stack: string): string => `npm run restore -- ${command} --stack ${stack}`;
