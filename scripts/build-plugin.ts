/**
 * Bundles the kubectl plugin into one script, and packs it with its manifest for Krew.
 * Usage: [OPERATOR_VERSION=1.2.3] [SOURCE_DATE_EPOCH=…] build-plugin.ts [--home https://github.com/owner/name]
 *   [--standalone here|all]: for this platform or for each that can be had, an archive with its own Node too
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { pack } from './plugin/archive.ts';
import { type Archive, krewManifest, PLUGIN, type Platform, programOn } from './plugin/krew-manifest.ts';
import { NODE_PROGRAMS, type NodeProgram, programOfHere } from './plugin/node-programs.ts';
import { makeStandalones } from './plugin/standalone.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const MAX_BYTES = 150_000;
const { values } = parseArgs({
  options: {
    home: { type: 'string', default: 'https://example.com/OWNER/NAME' },
    standalone: { type: 'string', default: 'none' },
  },
});

interface Package {
  readonly version: string;
}

const { version: packageVersion }: Package = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const version = process.env.OPERATOR_VERSION || packageVersion;
const dist = join(root, 'dist');
const script = join(dist, PLUGIN);

/** The script holds commander, whose licence goes with it. */
const LICENCES = {
  LICENSE: join(root, 'LICENSE'),
  'LICENSE-commander': join(root, 'node_modules/commander/LICENSE'),
};

function platforms(which: string): readonly NodeProgram[] {
  if (which === 'none') return [];
  if (which === 'here') return [programOfHere()];
  if (which === 'all') return NODE_PROGRAMS;
  throw new Error(`--standalone ${which} is none of here, all and none`);
}

/**
 * Has no suffix, so Node takes it for CommonJS, or for an ES module where a package.json above it says so. It runs as
 * both: the one has `require`, the other finds the same here.
 */
const AS_BOTH = 'var require = typeof require === "function" ? require : process.getBuiltinModule;';

async function bundle(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ['src/kubectl-sslreset/kubectl-sslreset.ts'],
    outfile: script,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: true,
    legalComments: 'inline',
    define: { OPERATOR_VERSION: JSON.stringify(version) },
    banner: { js: `#!/usr/bin/env node\n/*! ${PLUGIN} ${version}, Apache-2.0 */\n${AS_BOTH}` },
    logLevel: 'warning',
  });
  await chmod(script, 0o755);
  const { length } = await readFile(script);
  if (length > MAX_BYTES) throw new Error(`${script}: ${length} bytes are more than ${MAX_BYTES}`);
  console.log(`${script}: ${Math.round(length / 1000)} kB`);
}

async function write(
  program: string,
  licences: Readonly<Record<string, string>>,
  platform?: Platform,
): Promise<Archive> {
  const name = [PLUGIN, version, ...(platform === undefined ? [] : [platform.os, platform.arch])].join('-');
  const packed = await pack({ [programOn(platform?.os ?? '')]: program, ...licences });
  await writeFile(join(dist, `${name}.tar.gz`), packed);
  console.log(join(dist, `${name}.tar.gz`));
  const sha256 = createHash('sha256').update(packed).digest('hex');
  return { name: `${name}.tar.gz`, sha256, ...(platform !== undefined && { platform }) };
}

async function writeStandalones(wanted: readonly NodeProgram[]): Promise<readonly Archive[]> {
  if (wanted.length === 0) return [];
  const folder = await mkdtemp(join(tmpdir(), 'standalone-'));
  try {
    const { standalones, licence } = await makeStandalones(script, wanted, folder);
    const archives: Archive[] = [];
    for (const { platform, program } of standalones) {
      const { os, arch } = platform;
      archives.push(await write(program, { ...LICENCES, 'LICENSE-node': licence }, { os, arch }));
    }
    return archives;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const wanted = platforms(values.standalone);
await mkdir(dist, { recursive: true });
await bundle();
const archives = [...(await writeStandalones(wanted)), await write(script, LICENCES)];
await writeFile(join(dist, 'sslreset.yaml'), krewManifest({ version, archives, home: values.home }));
console.log(`${join(dist, 'sslreset.yaml')}, their manifest for Krew`);
