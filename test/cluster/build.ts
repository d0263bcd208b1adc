import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { runGo } from './go.ts';
import type { GoDocuments, GoModule, PartSet } from './go-modules.ts';
import { removeFolderAfterUs } from './leftovers.ts';
import type { Log } from './log.ts';

/**
 * Makes these parts of the set in `target`. Each appears there whole or not at all: it is made in a folder beside and
 * moved in, so an interrupted build leaves nothing, and two builds at a time merely put the same file there twice.
 */
export async function buildParts(set: PartSet, parts: readonly string[], target: string, log: Log): Promise<void> {
  await mkdir(target, { recursive: true });
  const scratch = await mkdtemp(join(target, '.build-'));
  const release = removeFolderAfterUs(scratch);
  const place = { linkerFlags: set.linkerFlags, scratch, target, log };
  try {
    log(`Building ${parts.join(', ')} from Go modules, ${set.buildTime} the first time, kept in ${target}`);
    for (const module of set.modules) await buildPrograms(module, parts, place);
    for (const documents of set.documents) if (parts.includes(documents.part)) await collect(documents, place);
  } finally {
    await rm(scratch, { recursive: true, force: true });
    release();
  }
}

/** What go says of a module that it has. */
const Download = z.object({ Dir: z.string() });

interface Workplace {
  readonly linkerFlags: string;
  readonly scratch: string;
  readonly target: string;
  readonly log: Log;
}

/** A tenth of the time went into what `-s -w` has the linker leave out. The programs are the same, so it is in no key. */
const NO_DEBUG_INFORMATION = '-gcflags=all=-dwarf=false';

async function buildPrograms(module: GoModule, parts: readonly string[], place: Workplace): Promise<void> {
  const wanted = module.programs.filter(({ part }) => parts.includes(part));
  if (wanted.length === 0) return;
  const sources = wanted.map(({ source }) => source);
  const flags = [...(module.tags === undefined ? [] : ['-tags', module.tags]), '-ldflags', place.linkerFlags];
  const args = ['build', '-v', '-trimpath', NO_DEBUG_INFORMATION, ...flags, '-o', `${place.scratch}/`, ...sources];
  await runGo({ args, cwd: module.folder, title: wanted.map(({ part }) => part).join(', '), log: place.log });
  for (const { part, builtAs } of wanted) await rename(join(place.scratch, builtAs), join(place.target, part));
}

/** One file of all documents, so that a later start needs neither Go nor its module cache. */
async function collect(documents: GoDocuments, { scratch, target, log }: Workplace): Promise<void> {
  const { part, moduleFolder, module, folders } = documents;
  // Not `go list`: it names no folder for a module that nothing has downloaded yet.
  const args = ['mod', 'download', '-json', module];
  const { Dir: root } = Download.parse(JSON.parse(await runGo({ args, cwd: moduleFolder, title: part, log })));
  const contents: string[] = [];
  for (const folder of folders) contents.push(...(await documentsIn(join(root, folder))));
  await writeFile(join(scratch, part), contents.join('\n---\n'));
  await rename(join(scratch, part), join(target, part));
}

async function documentsIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml');
  return Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
}
