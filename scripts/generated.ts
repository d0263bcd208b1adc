import { readFile, writeFile } from 'node:fs/promises';

/** Writes the file; with `--check` it only says, and fails, where the file is another. `sources`: what it is made from. */
export async function writeOrCheck(file: URL | string, wanted: string, what: string, sources: string): Promise<void> {
  if (!process.argv.includes('--check')) {
    await writeFile(file, wanted);
  } else if ((await readFile(file, 'utf8')) !== wanted) {
    console.error(`${what} differs from ${sources}: run \`npm run generate\``);
    process.exitCode = 1;
  }
}
