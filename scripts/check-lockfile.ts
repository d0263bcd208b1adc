/** Checks the lockfile, without a network: each package comes with an integrity, and from the registry alone. */
import { readFile } from 'node:fs/promises';
import { lockfileProblems } from './lockfile.ts';

const problems = lockfileProblems(JSON.parse(await readFile(new URL('../package-lock.json', import.meta.url), 'utf8')));
for (const problem of problems) console.error(`package-lock.json: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
