/**
 * Audits the lockfile: each package comes with an integrity and from the registry alone, and none that ships has a known
 * vulnerability that is high or critical. The second is asked of the registry, and left out aloud where it does not answer.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { judgeAudit, lockfileProblems } from './lockfile.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PATIENCE_MS = 20_000;
const QUESTION = ['audit', '--omit=dev', '--package-lock-only', '--json', '--fetch-retries=0', '--fetch-timeout=10000'];

/** What npm printed; it ends with 1 where it found something, or got no answer. */
function ask(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const options = { cwd: ROOT, timeout: PATIENCE_MS, maxBuffer: 64 * 1024 * 1024 };
  execFile('npm', QUESTION, options, (_error, stdout) => resolve(stdout));
  return promise;
}

const problems = lockfileProblems(JSON.parse(await readFile(`${ROOT}package-lock.json`, 'utf8')));
const verdict = judgeAudit(await ask());
if (verdict.kind === 'NoAnswer') console.warn('package-lock.json: the registry did not answer, the audit is left out');
const all = [...problems, ...(verdict.kind === 'Answered' ? verdict.problems : [])];
for (const problem of all) console.error(`package-lock.json: ${problem}`);
if (all.length > 0) process.exitCode = 1;
