import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { markdownFiles, ROOT } from '../../support/docs/markdown.ts';
import { objectsIn } from '../../support/docs/objects.ts';

interface Located {
  readonly path: string;
  readonly text: string;
}

const blocksOf = async (...languages: readonly string[]): Promise<readonly Located[]> =>
  (await markdownFiles()).flatMap(({ path, blocks }) =>
    blocks.filter(({ language }) => languages.includes(language)).map(({ text }) => ({ path, text })),
  );

/** The CRD's schema, where every field that it does not name is refused. */
async function crdSchema(): Promise<z.ZodType> {
  const crd = parse(await readFile(new URL('crds/cloudsql-ssl.dev_cloudsqlsslresets.yaml', ROOT), 'utf8'));
  const { spec } = crd.spec.versions[0].schema.openAPIV3Schema.properties;
  return z.fromJSONSchema(closed(spec));
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly [key: string]: unknown;
}

/** A default fills in what an example leaves out: nothing to check. */
function closed({ properties, items, default: _default, ...rest }: Schema): Schema {
  return {
    ...rest,
    ...(items !== undefined && { items: closed(items) }),
    ...(properties !== undefined && {
      additionalProperties: false,
      properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, closed(field)])),
    }),
  };
}

describe('the blocks of the Markdown files', () => {
  test('the blocks of the Markdown files in YAML can be parsed', async () => {
    const blocks = await blocksOf('yaml');
    assert.ok(blocks.length > 5);
    for (const { path, text } of blocks)
      for (const { errors } of parseAllDocuments(text)) assert.deepEqual(errors, [], `${path}:\n${text}`);
  });

  test('the blocks of the Markdown files with a CloudSqlSslReset have no field that the CRD does not know, and no value that it refuses', async () => {
    const schema = await crdSchema();
    const resets = objectsIn(await markdownFiles()).filter(({ object }) => object.kind === 'CloudSqlSslReset');
    assert.ok(resets.length > 1);
    for (const { path, object } of resets) {
      const { error } = schema.safeParse(object.spec);
      assert.equal(error, undefined, `${path}: ${error?.message}`);
    }
  });

  test('the blocks of the Markdown files of a shell are syntax that bash takes', async () => {
    const blocks = await blocksOf('sh', 'bash');
    assert.ok(blocks.length > 20);
    for (const { path, text } of blocks) {
      const run = promisify(execFile)('bash', ['-n', '-c', text]);
      await assert.doesNotReject(run, `${path}:\n${text}`);
    }
  });

  test('the blocks of the Markdown files say in which language they are, with a word that a reader’s viewer knows', async () => {
    const known = ['yaml', 'sh', 'promql', 'console', 'mermaid', 'lua', 'json', 'ts', 'text', ''];
    const languages = (await markdownFiles()).flatMap(({ blocks }) => blocks.map(({ language }) => language));
    assert.deepEqual(
      languages.filter((language) => !known.includes(language)),
      [],
    );
  });
});
