import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { asks, readDashboard } from '../../dashboard/dashboard.ts';

const METRIC =
  /\b(?:cloudsql_ssl_reset|cloudsql_server_ca|controller_runtime|workqueue|rest_client|leader_election)_\w+/g;

const { panels } = await readDashboard();

test('the dashboard asks for metrics that docs/metrics.md has, and for nothing else', async () => {
  const docs = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  for (const { title, targets } of panels.filter(asks)) {
    for (const { expr } of targets) {
      const names = expr.match(METRIC) ?? [];
      assert.ok(names.length > 0, `${title}: ${expr}`);
      for (const name of names)
        assert.ok(docs.includes(`| \`${name.replace(/_bucket$/, '')}\` |`), `${title}: ${name}`);
    }
  }
});

test('the panels of the dashboard fill rows of 24 columns and do not cover each other', () => {
  const cells = panels.flatMap(({ title, gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => ({ title, x: x + (index % w), y: y + Math.floor(index / w) })),
  );
  const taken = new Map<string, string>();
  for (const { title, x, y } of cells) {
    const cell = `${x}/${y}`;
    assert.equal(taken.get(cell), undefined, `${title} covers ${taken.get(cell)}`);
    taken.set(cell, title);
  }
  assert.equal(taken.size, 24 * (Math.max(...cells.map(({ y }) => y)) + 1));
});
