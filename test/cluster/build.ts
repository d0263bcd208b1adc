import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runGo } from './go.ts';
import { GO_MODULES, type GoModule, KWOK_STAGES, linkerFlags, type PartName } from './go-modules.ts';
import { removeFolderAfterUs } from './leftovers.ts';
import type { Log } from './log.ts';

/**
 * Makes these parts in `target`. Each appears there whole or not at all: it is made in a folder beside and moved in,
 * so an interrupted build leaves nothing, and two builds at a time merely put the same file there twice.
 */
export async function buildParts(parts: readonly PartName[], target: string, log: Log): Promise<void> {
  await mkdir(target, { recursive: true });
  const scratch = await mkdtemp(join(target, '.build-'));
  const release = removeFolderAfterUs(scratch);
  try {
    log(
      `Building ${parts.join(', ')} from Go modules, about ten minutes on two cores the first time, kept in ${target}`,
    );
    for (const module of GO_MODULES) await buildPrograms(module, parts, { scratch, target, log });
    if (parts.includes('kwok-stages.yaml')) await collectStages({ scratch, target, log });
  } finally {
    await rm(scratch, { recursive: true, force: true });
    release();
  }
}

interface Workplace {
  readonly scratch: string;
  readonly target: string;
  readonly log: Log;
}

async function buildPrograms(module: GoModule, parts: readonly PartName[], place: Workplace): Promise<void> {
  const wanted = module.programs.filter(({ part }) => parts.includes(part));
  if (wanted.length === 0) return;
  const sources = wanted.map(({ source }) => source);
  const args = ['build', '-v', '-trimpath', '-ldflags', linkerFlags(), '-o', `${place.scratch}/`, ...sources];
  await runGo({ args, cwd: module.folder, title: wanted.map(({ part }) => part).join(', '), log: place.log });
  for (const { part, builtAs } of wanted) await rename(join(place.scratch, builtAs), join(place.target, part));
}

/** One file of all Stage documents, so that a later start needs neither Go nor its module cache. */
async function collectStages({ scratch, target, log }: Workplace): Promise<void> {
  const { moduleFolder, module, folders } = KWOK_STAGES;
  const args = ['list', '-m', '-f', '{{.Dir}}', module];
  const root = (await runGo({ args, cwd: moduleFolder, title: "kwok's Stage documents", log })).trim();
  const documents: string[] = [];
  for (const folder of folders) documents.push(...(await stagesIn(join(root, folder))));
  await writeFile(join(scratch, 'kwok-stages.yaml'), documents.join('\n---\n'));
  await rename(join(scratch, 'kwok-stages.yaml'), join(target, 'kwok-stages.yaml'));
}

async function stagesIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml');
  return Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
}
