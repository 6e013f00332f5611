import { readdir, readFile } from "node:fs/promises";

/** Milliseconds that all threads of a process have run, in user and kernel; on Linux. */
export async function processorTimeMs(pid: number): Promise<number> {
  const folder = `/proc/${pid}/task`;
  const nanoseconds = (await readdir(folder)).map(async (thread) => {
    // A thread may have ended meanwhile.
    const text = await readFile(`${folder}/${thread}/schedstat`, "utf8").catch(() => "0");
    return Number(text.split(" ")[0]);
  });
  return (await Promise.all(nanoseconds)).reduce((sum, more) => sum + more, 0) / 1e6;
}
