import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Binaries, findOrBuildBinaries } from '../../cluster/binaries.ts';
import { downloadReleases } from '../../cluster/download.ts';
import { CONTROL_PLANE, partsOf } from '../../cluster/go-modules.ts';
import type { ReleaseFile } from '../../cluster/releases.ts';
import type { Scenario } from '../scenario.ts';

const run = promisify(execFile);

const BYTES_A_SECOND = 100e6 / 8;

/** A real server archive also has other programs, and images of them: 340 to 400 MB, in the releases that we know. */
const FILLING_BYTES = 290e6;

export const download: Scenario = {
  name: 'download',
  what: 'the control plane from its releases, on a line of 100 Mbit/s',
  async measure({ log }) {
    const folder = await mkdtemp(join(tmpdir(), 'bench-download-'));
    const target = join(folder, 'target');
    const server = serveSlowly(folder);
    try {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const files = await releasesAt(`http://127.0.0.1:${port}`, folder, await findOrBuildBinaries({ log }));
      const sizes = await Promise.all(files.map(({ url }) => stat(join(folder, basename(url)))));
      const begun = performance.now();
      await downloadReleases(files, partsOf(CONTROL_PLANE), target, { log });
      const tookMs = performance.now() - begun;
      const there = await readdir(target);
      const missing = partsOf(CONTROL_PLANE).filter((part) => !there.includes(part));
      if (missing.length > 0) throw new Error(`Not downloaded: ${missing.join(', ')}`);
      const bytes = sizes.reduce((sum, { size }) => sum + size, 0);
      return [
        { metric: 'download', who: 'floor', value: bytes / BYTES_A_SECOND },
        { metric: 'download', who: 'ours', value: tookMs / 1000 },
      ];
    } finally {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    }
  },
};

/** The files of the releases, of the programs that are here, at this address. */
async function releasesAt(address: string, folder: string, binaries: Binaries): Promise<readonly ReleaseFile[]> {
  const files = CONTROL_PLANE.releases?.('linux-amd64') ?? [];
  const packed = files.map(async ({ url, programs }) => {
    const root = join(folder, `in-${basename(url)}`);
    for (const { part, member } of programs) {
      await mkdir(dirname(join(root, member)), { recursive: true });
      await symlink(binaries[part], join(root, member));
    }
    if (programs.length > 1) await writeFile(join(root, 'filling'), randomBytes(FILLING_BYTES));
    const archive = join(folder, basename(url));
    await run('tar', ['--dereference', '-czf', archive, '-C', root, ...(await readdir(root))]);
    return { url: `${address}/${basename(url)}`, programs, checksum: await checksumOf(archive) };
  });
  return Promise.all(packed);
}

async function checksumOf(file: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return `sha512:${hash.digest('hex')}`;
}

/** Serves the files of the folder, all on one line of this speed. */
function serveSlowly(folder: string): Server {
  let freeAtMs = 0;
  async function* slowed(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      // What a busy machine was late with is made up for, as on a line with a buffer.
      freeAtMs = Math.max(freeAtMs, performance.now() - 500) + (chunk.length / BYTES_A_SECOND) * 1000;
      await pause(Math.max(0, freeAtMs - performance.now()));
      yield chunk;
    }
  }
  return createServer(async ({ url = '' }, response) => {
    const file = join(folder, basename(url));
    response.setHeader('content-length', (await stat(file)).size);
    // A client that has all hangs up.
    await pipeline(createReadStream(file), slowed, response).catch(() => undefined);
  });
}
