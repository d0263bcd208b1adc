import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

/** Runs kubectl to its end and returns what it printed; rejects with what it complained of. */
export type Kubectl = (args: readonly string[], stdin?: string) => Promise<string>;

/** kubectl on this kubeconfig, with its cache beside that file and without the user's own preferences. */
export function kubectlFor(program: string, kubeconfigPath: string): Kubectl {
  const cache = join(dirname(kubeconfigPath), 'kubectl-cache');
  const flags = [`--kubeconfig=${kubeconfigPath}`, `--cache-dir=${cache}`];
  return (args, stdin = '') => run(program, [...args, ...flags], stdin);
}

async function run(program: string, args: readonly string[], stdin: string): Promise<string> {
  const child = spawn(program, args, { env: { ...process.env, KUBERC: 'off' } });
  const closed = once(child, 'close');
  // kubectl may end without reading its input; the exit code tells the story, not the broken pipe.
  child.stdin.on('error', () => undefined).end(stdin);
  const [output, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} failed (exit code ${code}): ${complaint.trim()}`);
  return output;
}
