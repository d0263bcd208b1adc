import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** Runs kubectl to its end and returns what it printed; rejects with what it complained of. */
export type Kubectl = (args: readonly string[], stdin?: string) => Promise<string>;

/** kubectl with these variables on top of the environment, and none of the user's own kubectl preferences. */
export function kubectlWith(program: string, env: Readonly<Record<string, string>>): Kubectl {
  return async (args, stdin = '') => {
    const child = spawn(program, args, { env: { ...process.env, KUBERC: 'off', ...env } });
    const closed = once(child, 'close');
    // kubectl may end without reading its input; the exit code tells the story, not the broken pipe.
    child.stdin.on('error', () => undefined).end(stdin);
    const [output, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} failed (exit code ${code}): ${complaint.trim()}`);
    return output;
  };
}
