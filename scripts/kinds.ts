import { readdir, readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** What is generated of a CRD, by paths from the root. */
interface Targets {
  readonly types: string;
  readonly page: string;
}

const TARGETS: Readonly<Record<string, Targets>> = {
  CloudSqlSslReset: { types: 'src/domain/ssl-reset.generated.ts', page: 'docs/api.md' },
};

const ROOT = new URL('..', import.meta.url);
const CRDS = new URL('crds/', ROOT);

export const fromRoot = (path: string): URL => new URL(path, ROOT);

export const crdFiles = async (): Promise<readonly string[]> =>
  (await readdir(CRDS)).filter((name) => name.endsWith('.yaml'));

/** Each CRD as it is parsed, with what is generated of it. @throws Error where that is not said here */
export const readKinds = async () =>
  Promise.all(
    (await crdFiles()).map(async (file) => {
      const { spec } = parse(await readFile(new URL(file, CRDS), 'utf8'));
      const targets = TARGETS[spec.names.kind];
      if (targets === undefined)
        throw new Error(`crds/${file}: scripts/kinds.ts names no types and no page for its kind`);
      return { ...targets, spec };
    }),
  );
