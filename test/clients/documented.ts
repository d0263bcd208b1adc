/** What docs/clients.md has its readers give a client, here with the server and the files of the judges. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { codeSpans, parseMarkdown, ROOT } from '../support/docs/markdown.ts';
import { PASSWORD } from './published.ts';
import type { Setup } from './row.ts';

/** What such a row is given. */
export const AS_DOCUMENTED = 'what docs/clients.md says';

const PATH = 'docs/clients.md';
const HEADING = '## Manifests\n';

const Manifest = z.object({
  kind: z.literal('Deployment'),
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.tuple([z.object({ env: z.array(z.object({ name: z.string(), value: z.string() })) })]),
      }),
    }),
  }),
});

async function manifests() {
  const text = await readFile(new URL(PATH, ROOT), 'utf8');
  return parseMarkdown(PATH, text.slice(text.indexOf(HEADING)));
}

const withFiles = (text: string, { file }: Setup): string =>
  text.replaceAll(/\/etc\/cloudsql\/([\w.-]+)/g, (_, name: string) => file(name));

/** The variables of the Deployment. */
export async function documentedEnv(setup: Setup): Promise<Readonly<Record<string, string>>> {
  const [block] = (await manifests()).blocks;
  const [{ env }] = Manifest.parse(parse(block?.text ?? '')).spec.template.spec.containers;
  const tls = env.filter(({ name }) => name.startsWith('PGSSL'));
  return {
    PGHOST: '127.0.0.1',
    PGPORT: String(setup.port),
    PGDATABASE: 'postgres',
    PGUSER: 'app',
    ...Object.fromEntries(tls.map(({ name, value }) => [name, withFiles(value, setup)])),
  };
}

/**
 * The settings in the client's row, each one a code span: of URLs with the server, and with the password that stands
 * for theirs.
 * @throws Error where the page has no such row
 */
export async function documented(client: string, setup: Setup): Promise<readonly string[]> {
  const { path, prose } = await manifests();
  const row = prose.split('\n').find((line) => line.startsWith(`| ${client} |`));
  if (row === undefined) throw new Error(`${PATH} has no manifest for ${client}`);
  return codeSpans({ path, prose: row, blocks: [] }).map((span) =>
    withFiles(span, setup)
      .replace('//…?', `//127.0.0.1:${setup.port}/postgres?user=app&`)
      .replace(/(?<=assword=)…/, PASSWORD),
  );
}
