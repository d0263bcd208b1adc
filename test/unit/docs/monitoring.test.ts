import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { controllerOf } from '../../../src/observability/metrics/controller.ts';
import { KINDS } from '../../../src/reconcile/kinds.ts';
import { seriesNames } from '../../support/docs/metric-names.ts';

const read = (path: string): Promise<string> => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');
const CHART = 'charts/cloudsql-ssl-operator/files';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

async function rules(): Promise<readonly Rule[]> {
  const { groups }: { groups: readonly { readonly rules: readonly Rule[] }[] } = parse(
    await read(`${CHART}/alerts.yaml`),
  );
  return groups.flatMap((group) => group.rules);
}

/** Every string under a key `expr` or `query`, however deep. */
function queries(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    (key === 'expr' || key === 'query') && typeof inner === 'string' ? [inner] : queries(inner),
  );
}

const PREFIXES =
  /\b(?:cloudsql_ssl_reset|cloudsql_server_ca|controller_runtime|workqueue|rest_client|leader_election)_\w+/g;

function unknownIn(expressions: readonly string[]): readonly string[] {
  const known = seriesNames();
  return expressions.flatMap((expression) => expression.match(PREFIXES) ?? []).filter((name) => !known.has(name));
}

describe('the alerts', () => {
  test('the alerts ask for metrics that there are', async () => {
    const expressions = (await rules()).map(({ expr }) => expr);
    assert.ok(expressions.every((expr) => expr.match(PREFIXES) !== null));
    assert.deepEqual(unknownIn(expressions), []);
  });

  test('the alerts have a severity, a summary, a description and a section in the runbooks, which has no other', async () => {
    const all = await rules();
    const sections = [...(await read('docs/runbooks.md')).matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    assert.deepEqual(sections.toSorted(), all.map(({ alert }) => alert).toSorted());
    for (const { alert, labels, annotations } of all) {
      assert.match(labels.severity, /^(critical|warning)$/);
      assert.ok(annotations.summary !== '' && annotations.description !== '', alert);
      assert.equal(annotations.runbook_url, `RUNBOOK_BASE_URL#${alert.toLowerCase()}`);
    }
  });
});

describe('the dashboard', () => {
  test('the dashboard asks for metrics that there are, in every panel', async () => {
    const dashboard: { readonly panels: readonly { readonly type: string; readonly title: string }[] } = JSON.parse(
      await read(`${CHART}/dashboard.json`),
    );
    const panels = dashboard.panels.filter(({ type }) => type !== 'row');
    for (const panel of panels) {
      const found = queries(panel);
      assert.ok(
        found.some((expr) => expr.match(PREFIXES) !== null),
        panel.title,
      );
    }
    assert.deepEqual(unknownIn(queries(dashboard)), []);
  });

  test('the dashboard has no two panels in one place', async () => {
    const { panels }: { panels: readonly { id: number; gridPos: { x: number; y: number; w: number; h: number } }[] } =
      JSON.parse(await read(`${CHART}/dashboard.json`));
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`),
    );
    assert.equal(new Set(cells).size, cells.length);
    assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  });
});

test('the alerts and the dashboard ask for the passes and the queue of each kind of object', async () => {
  const expressions = [
    ...(await rules()).map(({ expr }) => expr),
    ...queries(JSON.parse(await read(`${CHART}/dashboard.json`))),
  ];
  const ofPasses = expressions.flatMap((expr) => expr.match(/\b(?:controller_runtime|workqueue)_\w+\{[^}]*\}/g) ?? []);
  const controllers = KINDS.map(({ name }) => controllerOf(name)).toSorted();
  assert.notEqual(ofPasses.length, 0);
  for (const selected of ofPasses) {
    const asked = /\b(?:controller|name)=~?"([^"]*)"/.exec(selected)?.[1]?.split('|') ?? [];
    assert.deepEqual(asked.toSorted(), controllers, selected);
  }
});
