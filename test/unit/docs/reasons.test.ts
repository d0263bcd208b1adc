import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { readReasons } from '../../../scripts/reasons.ts';
import { CONDITION_STATUSES, CONDITION_TYPES } from '../../../src/domain/conditions.ts';
import { isGateReason } from '../../../src/domain/server-ca/rotation/rotated-condition.ts';
import { codeSpans, markdownFiles, ROOT } from '../../support/docs/markdown.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');
const ROWS: Readonly<Record<string, readonly string[]>> = {
  Ready: ['ReadyReason'],
  Reconciling: ['ProgressReason', 'WaitingReason'],
  Stalled: ['StalledReason'],
};
const names = async (): Promise<readonly string[]> => (await readReasons()).map(({ name }) => name);

/** Rows of the table of conditions. */
async function conditionRows(): Promise<readonly string[]> {
  const [, section = ''] = (await read('docs/troubleshooting.md')).split(/^## Conditions$/m);
  const [table = ''] = section.split(/^## /m);
  return table.split('\n').filter((line) => line.startsWith('| `'));
}

/** What Prometheus and Argo CD ask for by its name. */
const QUERIES = [
  'charts/cloudsql-ssl-operator/files/alerts.yaml',
  'charts/cloudsql-ssl-operator/files/dashboard.json',
  'docs/gitops/argocd/resource_customizations/cloudsql-ssl.dev/CloudSqlServerCa/health.lua',
  'docs/gitops/argocd/resource_customizations/cloudsql-ssl.dev/CloudSqlSslReset/health.lua',
];

async function asked(pattern: RegExp): Promise<readonly string[]> {
  const texts = await Promise.all(QUERIES.map(read));
  return texts.flatMap((text) => [...text.matchAll(pattern)].map(([, first, second]) => first ?? second ?? ''));
}

describe('the types of conditions', () => {
  test('each type of condition has one row in the table of conditions of the troubleshooting, which has no other', async () => {
    const types = (await conditionRows()).map((row) => /^\| `(\w+)`/.exec(row)?.[1]);
    assert.deepEqual(types, [...CONDITION_TYPES]);
  });

  test('alerts, dashboard and health.lua ask for no type of condition that there is not', async () => {
    const names = await asked(/\btype=\\?"(\w+)|\bfound\.(\w+)/g);
    assert.ok(names.length > 3);
    const known: readonly string[] = CONDITION_TYPES;
    assert.deepEqual(
      names.filter((name) => !known.includes(name)),
      [],
    );
  });
});

describe('the reasons of conditions', () => {
  test('alerts, dashboard and health.lua ask for no reason that there is not', async () => {
    const known = new Set(await names());
    const wanted = await asked(/\breason *==?~? *\\?"(\w+)/g);
    assert.ok(wanted.length > 3);
    assert.deepEqual(
      wanted.filter((name) => !known.has(name)),
      [],
    );
  });

  test('the reasons of conditions have one section each in the troubleshooting, which has no other', async () => {
    const sections = [...(await read('docs/troubleshooting.md')).matchAll(/^### (.*)$/gm)].map(([, title]) => title);
    assert.deepEqual(sections.toSorted(), (await names()).toSorted());
  });

  test('each reason of a whole request stands in the row of its condition in the table of the troubleshooting', async () => {
    const rows = await conditionRows();
    const inRow = (condition: string): readonly string[] => {
      const row = rows.find((line) => line.startsWith(`| \`${condition}\` |`)) ?? '';
      const [, ...spans] = [...row.matchAll(/`(\w+)`/g)].map(([, span = '']) => span);
      return spans.filter((span) => !CONDITION_STATUSES.some((status) => status === span)).toSorted();
    };
    const all = await readReasons();
    for (const [condition, unions] of Object.entries(ROWS)) {
      const reasons = all.filter(({ union }) => unions.includes(union)).map(({ name }) => name);
      assert.ok(reasons.length > 3, condition);
      assert.deepEqual(inRow(condition), reasons.toSorted(), condition);
    }
  });

  test('each reason of a rotation, and what it waits for, stands in the reference of CloudSqlServerCa with ServerCaRotated', async () => {
    const rows = (await read('docs/api-server-ca.md')).split('\n').filter((line) => line.startsWith('| [`'));
    const reasons = (await readReasons()).filter(({ union, name }) => union === 'RotationReason' || isGateReason(name));
    assert.ok(reasons.length > 8);
    assert.deepEqual(
      reasons.filter(
        ({ name }) => !rows.some((row) => row.startsWith(`| [\`${name}\`]`) && row.includes('ServerCaRotated')),
      ),
      [],
    );
  });

  test('the reasons of conditions are none but these where a page writes Stalled/ or Reconciling/ before one', async () => {
    const known = new Set(await names());
    const written = (await markdownFiles()).flatMap(codeSpans).flatMap((code) => {
      const name = /^(?:Stalled|Reconciling)\/(\w+)$/.exec(code)?.[1];
      return name === undefined ? [] : [name];
    });
    assert.ok(written.length > 3);
    assert.deepEqual(
      written.filter((name) => !known.has(name)),
      [],
    );
  });
});
