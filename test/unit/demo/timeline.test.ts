import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineOf, plain, startTimeline } from '../../demo/timeline.ts';

test('seconds, subjects and texts stand below each other', () => {
  assert.equal(lineOf({ subject: 'Request', text: 'POST' }, 8.24, plain), '   8.2 s  Request        POST');
  assert.equal(lineOf({ subject: 'orders-worker', text: '▓▓ 2/2' }, 12, plain), '  12.0 s  orders-worker  ▓▓ 2/2');
});

test('the time is faint and the text has its tone; the padding has none', () => {
  const line = lineOf({ subject: 'catalog', text: 'gone', tone: 'Bad' }, 1, (tone, text) => `<${tone}:${text}>`);
  assert.equal(line, '<Faint:   1.0 s>  catalog        <Bad:gone>');
});

test('a timeline counts from its start', () => {
  const lines: string[] = [];
  const report = startTimeline((line) => lines.push(line), plain);
  report({ subject: 'Cluster', text: 'is started' });
  assert.deepEqual(lines, ['   0.0 s  Cluster        is started']);
});
