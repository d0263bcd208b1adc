import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Takes back what was asked of the reaper: the process has ended, or the folder is gone. */
export type Release = () => void;

let reaper: ChildProcess | undefined;

/** Ends the process group that `pid` leads once this process is gone, however it went. */
export function endGroupAfterUs(pid: number): Release {
  return adopt('group', String(pid));
}

/** The same by a SIGQUIT first, for a program that has to give back what no kernel takes from the dead. */
export function quitGroupAfterUs(pid: number): Release {
  return adopt('quitter', String(pid));
}

/** Removes the folder once this process is gone, however it went. */
export function removeFolderAfterUs(path: string): Release {
  return adopt('folder', path);
}

function adopt(kind: 'group' | 'quitter' | 'folder', subject: string): Release {
  order(`adopt-${kind} ${subject}`);
  return () => order(`release-${kind} ${subject}`);
}

function order(line: string): void {
  reaper ??= startReaper();
  reaper.stdin?.write(`${line}\n`);
}

/** In a process group of its own, so that Ctrl-C in a terminal does not reach it before its work is done. */
function startReaper(): ChildProcess {
  const program = fileURLToPath(new URL('reaper.ts', import.meta.url));
  const child = spawn(process.execPath, [program], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  return child;
}
