/** An archive as Krew takes them. */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const run = promisify(execFile);
const MOST_BYTES = 1024 ** 3;

/**
 * The same files give the same bytes.
 * @param files where each is from, by its name in the archive; the first one is executable
 */
export async function pack(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'plugin-'));
  try {
    const time = Number(process.env.SOURCE_DATE_EPOCH ?? 0);
    for (const [index, [name, from]] of Object.entries(files).entries()) {
      const to = join(folder, name);
      await copyFile(from, to);
      await chmod(to, index === 0 ? 0o755 : 0o644);
      await utimes(to, time, time);
    }
    const args = ['--format=ustar', '-C', folder, '-cf', '-', ...Object.keys(files)];
    const tar = await run('tar', args, { encoding: 'buffer', maxBuffer: MOST_BYTES });
    return gzipSync(tar.stdout, { level: 9 });
  } finally {
    await rm(folder, { recursive: true });
  }
}
