/** Something that the user can put right; the message says how, and where in the code it came up says nothing. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Runs a command-line program: its exit code is what `main` resolves to, or 1 with the message of a UsageError. */
export async function runProgram(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
