import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

interface Options {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** All that the program prints, whether it succeeds or not. It has nothing to read. */
export const output = (program: string, args: readonly string[], { cwd, env = {} }: Options = {}): Promise<string> =>
  new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, LC_ALL: 'C', ...env }, timeout: 600_000, maxBuffer: 2 ** 24 };
    const { stdin } = execFile(program, args, options, (error, stdout, stderr) => {
      const text = stripVTControlCharacters(`${stdout}${stderr}`).trim();
      resolve(text === '' && error !== null ? error.message : text);
    });
    stdin?.end();
  });

/** @param program its name, or its path */
export const isInstalled = (program: string): boolean =>
  (isAbsolute(program) ? [''] : (process.env.PATH ?? '').split(delimiter)).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
