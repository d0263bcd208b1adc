import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNamed } from '../../faults/case.ts';
import { differences } from '../../faults/differences.ts';
import { report } from '../../faults/report.ts';
import { SWEEPS, sweepCases } from '../../faults/sweeps.ts';
import type { Seen } from '../../support/proxied/traffic.ts';

const KILL = { group: 'kill before', name: 'kill before 17' };

test('--only takes one case, a class, or the classes of a site, and nothing besides', () => {
  const all = [KILL, { group: 'rotation: kill before', name: 'rotation: kill before 17' }];
  const named = (only: string): readonly string[] => all.filter((one) => isNamed(only, one)).map(({ name }) => name);
  assert.deepEqual(named('kill before 17'), ['kill before 17']);
  assert.deepEqual(named('kill before'), ['kill before 17']);
  assert.deepEqual(named('rotation: kill before'), ['rotation: kill before 17']);
  assert.deepEqual(named('rotation'), ['rotation: kill before 17']);
  assert.deepEqual(named('kill'), []);
});

test('a sweep has a case for each request that it can meet and some for more, named after the site', () => {
  const unopened = (): Promise<never> => Promise.reject(new Error('nothing is run here'));
  const seen: readonly Seen[] = [
    { number: 1, side: 'Kubernetes', method: 'GET', path: '/api/v1/namespaces/a' },
    { number: 2, side: 'CloudSql', method: 'POST', path: '/v1/projects/p/instances/i/addServerCa' },
  ];
  const namesOf = (prefix: '' | 'rotation: '): readonly string[] =>
    sweepCases({ site: { prefix, options: {}, isDone: () => true, open: unopened }, seen, end: {} }, SWEEPS).map(
      ({ name }) => name,
    );
  const count = (prefix: string, names: readonly string[]): number =>
    names.filter((name) => new RegExp(`^${prefix} \\d+$`).test(name)).length;
  assert.equal(count('kill before', namesOf('')), 4);
  assert.equal(count('rotation: kill before', namesOf('rotation: ')), 4);
  assert.equal(count('rotation: silence of Cloud SQL after', namesOf('rotation: ')), 3);
  assert.ok(namesOf('rotation: ').every((name) => name.startsWith('rotation: ')));
});

test('a run that comes to something else than the one without a fault is told part by part, but for what is allowed', () => {
  const expected = { calls: ['addServerCa', 'rotateServerCa'], serves: 'Next', secret: 'Current' };
  assert.deepEqual(differences(expected, expected), []);
  const found = { ...expected, calls: ['addServerCa', 'addServerCa', 'rotateServerCa'], serves: 'Previous' };
  assert.deepEqual(differences(found, expected), [
    'calls is ["addServerCa","addServerCa","rotateServerCa"], not ["addServerCa","rotateServerCa"]',
    'serves is "Previous", not "Next"',
  ]);
  assert.deepEqual(differences(found, expected, { calls: /^\["addServerCa","addServerCa"/, serves: /Previous/ }), []);
  assert.deepEqual(differences(expected, expected, { serves: /Previous/ }), ['serves is "Next", not /Previous/']);
});

test('the report counts a case that its run did not reach as none', () => {
  const results = [
    { group: 'kill before', name: 'kill before 1', outcome: { kind: 'Survived' } },
    { group: 'kill before', name: 'kill before 2', outcome: { kind: 'NotReached' } },
    { group: 'rotation: kill before', name: 'rotation: kill before 1', outcome: { kind: 'Fell', found: ['it'] } },
  ] as const;
  const rows = report(results)
    .split('\n')
    .map((line) => line.split(/\s{2,}/));
  assert.deepEqual(rows, [
    ['class of fault', 'cases', 'survived'],
    ['kill before', '1', '1'],
    ['rotation: kill before', '1', '0'],
    ['all', '2', '1'],
  ]);
});
