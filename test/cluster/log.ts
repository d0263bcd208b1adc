/** Takes one line for the user to read. */
export type Log = (line: string) => void;

/** To standard error, so that what a program prints can still be piped. */
export const logToStderr: Log = (line) => {
  process.stderr.write(`${line}\n`);
};
