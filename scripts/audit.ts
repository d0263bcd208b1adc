/** Asks the registry whether a package that ships has a known vulnerability, high or critical. No answer is a failure. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { judgeAudit } from './lockfile.ts';

const QUESTION = ['audit', '--omit=dev', '--package-lock-only', '--json', '--fetch-timeout=30000'];

/** What npm printed; it ends with 1 where it found something, or got no answer. */
function ask(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const options = { cwd: fileURLToPath(new URL('..', import.meta.url)), maxBuffer: 64 * 1024 * 1024 };
  execFile('npm', QUESTION, options, (_error, stdout) => resolve(stdout));
  return promise;
}

const verdict = judgeAudit(await ask());
const problems = verdict.kind === 'Answered' ? verdict.problems : ['the registry did not answer'];
for (const problem of problems) console.error(`package-lock.json: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
