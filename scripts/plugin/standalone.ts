/** The plugin as one program, with its own Node: https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fetchLicence, fetchNode, type NodeProgram, programOfHere } from './node-programs.ts';

const run = promisify(execFile);
/** Node looks for what comes after it in its own program. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

export interface Standalone {
  readonly platform: NodeProgram;
  readonly program: string;
}

export interface Made {
  readonly standalones: readonly Standalone[];
  /** Node's. */
  readonly licence: string;
}

/** @param folder an empty one, for all that is made on the way */
export async function makeStandalones(
  script: string,
  platforms: readonly NodeProgram[],
  folder: string,
): Promise<Made> {
  const here = await fetchNode(programOfHere(), folder);
  const blob = await blobOf(script, here, folder);
  const licence = await fetchLicence(folder);
  const postject = fileURLToPath(import.meta.resolve('postject/dist/cli.js'));
  const standalones: Standalone[] = [];
  for (const platform of platforms) {
    const own = join(folder, `${platform.os}-${platform.arch}`);
    await mkdir(own);
    const program = join(own, 'program');
    await copyFile(await fetchNode(platform, own), program);
    await run(process.execPath, [postject, program, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE]);
    standalones.push({ platform, program });
  }
  return { standalones, licence };
}

/** The same for every platform, as long as it holds neither a snapshot nor compiled code. Its Node must be of one version. */
async function blobOf(script: string, node: string, folder: string): Promise<string> {
  // Node takes no first line for a shell here.
  await writeFile(join(folder, 'main.cjs'), (await readFile(script, 'utf8')).replace(/^#!.*\n/, ''));
  // The blob has the name of the script in it, so it is no path of this machine: the same script gives the same bytes.
  const names = { main: 'main.cjs', output: 'blob' };
  const config = { ...names, disableExperimentalSEAWarning: true, useSnapshot: false, useCodeCache: false };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await run(node, ['--experimental-sea-config', 'config.json'], { cwd: folder });
  return join(folder, names.output);
}
