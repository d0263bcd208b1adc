import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { absencesOf, clientMoments, coursesSince, picture } from '../../demo/clients.ts';
import { plain } from '../../demo/timeline.ts';
import type { PodClient } from '../../pods/kubelet.ts';
import { client, connected, lost, refused, started } from './clients.ts';

const told = (before: readonly PodClient[], after: readonly PodClient[]): readonly string[] =>
  clientMoments(before, after).map(({ subject, text }) => `${subject}: ${text}`);

describe('the clients of a Deployment', () => {
  const both = [client('orders-worker', 'w1', [started(0), connected(1)]), client('orders-worker', 'w2', [])];
  const [first, second] = [
    client('orders-worker', 'w1', [connected(1), lost(5)]),
    client('orders-worker', 'w2', [lost(5)]),
  ];

  test('the clients of a Deployment show each of them: connected, starting, without a connection', () => {
    assert.deepEqual(told([], both), ['orders-worker: ●○   1 connected']);
    assert.deepEqual(told([], [first, ...both]), ['orders-worker: ✗●○  1 connected']);
  });

  test('the clients of a Deployment tell nothing when none more and none fewer is connected', () => {
    assert.deepEqual(told(both, [...both, client('orders-worker', 'w3', [])]), []);
  });

  test('the clients of a Deployment tell why when none is connected: first that they were lost, then what keeps them out', () => {
    const gone = told([client('orders-worker', 'w1', [connected(1)]), second], [first, second]);
    assert.deepEqual(gone, ['orders-worker: ✗✗   lost: terminated']);
    const trying = [client('orders-worker', 'w1', [lost(5), refused(6)]), second];
    assert.deepEqual(told([first, second], trying), []);
    const out = [client('orders-worker', 'w1', [lost(5), refused(6)]), client('orders-worker', 'w2', [refused(6)])];
    assert.deepEqual(told(trying, out), ['orders-worker: ✗✗   refused: certificate verify failed: x']);
  });

  test('the clients of a Deployment of pods that have ended are not counted', () => {
    assert.deepEqual(
      told(both, [
        client('orders-worker', 'w1', [connected(1)], true),
        client('orders-worker', 'w2', [connected(2)]),
        client('orders-worker', 'w3', [connected(2)]),
      ]),
      ['orders-worker: ●●   2 connected'],
    );
  });
});

describe('how long each client was away', () => {
  const clients = [
    client('catalog', 'c1', [connected(1000), lost(10_000), refused(10_001)]),
    client('orders-api', 'a1', [connected(1000), lost(10_000), refused(10_001)], true),
    client('orders-api', 'a2', [started(15_000), connected(18_000)]),
  ];

  test('how long each client was away is from the loss to the connection of a new pod, or up to now', () => {
    assert.deepEqual(absencesOf(clients), [
      { app: 'orders-api', lostAt: 10_000, backAt: 18_000 },
      { app: 'catalog', lostAt: 10_000, problem: 'certificate verify failed: x' },
    ]);
  });

  test('how long each client was away is drawn to scale', () => {
    assert.equal(
      picture('How long', absencesOf(clients), plain),
      `
How long
  orders-api     ━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌━━━  8.0 s
  catalog        ━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  still out: certificate verify failed: x`,
    );
  });

  test('how long each client was away since a time counts what was lost since then, and shows those that stayed too', () => {
    const before = [
      client('orders-api', 'a1', [connected(1000), lost(2000), connected(3000)]),
      client('orders-api', 'a2', [connected(1000)]),
      client('catalog', 'c1', [connected(1000), lost(2000), refused(2001)]),
    ];
    const after = [
      client('orders-api', 'a1', [connected(1000), lost(2000), connected(3000)], true),
      client('orders-api', 'a2', [connected(1000), lost(9000), connected(9500)]),
      client('orders-api', 'a3', [started(8000), connected(8500)]),
    ];
    const courses = coursesSince(5000, { before, after });
    assert.deepEqual(courses, [{ app: 'orders-api', lostAt: 9000, backAt: 9500 }, { app: 'orders-api' }]);
    const drawn = picture('How long', courses, plain).split('\n');
    assert.match(drawn[2] ?? '', /^ {2}orders-api {5}━+╌+━+ {2}0\.5 s$/);
    assert.match(drawn[3] ?? '', /^ {2}orders-api {5}━{40} {2}0\.0 s$/);
  });
});
