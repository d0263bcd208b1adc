import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { setConditions } from '../../../src/domain/conditions.ts';
import type { Reason } from '../../../src/domain/reasons.ts';
import { KIND, type SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { endedRotation } from '../../../src/domain/server-ca/rotation/ended-rotations.ts';
import { createMetrics, type Metrics, startMetricsServer } from '../../../src/observability/metrics.ts';
import { indexedOfAnyKind } from '../../../src/reconcile/indexed.ts';
import { indexed } from '../../../src/reconcile/indexed-reset.ts';
import { KINDS } from '../../../src/reconcile/kinds.ts';
import { ObjectIndex } from '../../../src/reconcile/object-index.ts';
import { aKey, aReset, dateAt, fingerprint } from '../../support/fakes/builders.ts';
import { aServerCa } from '../../support/fakes/fake-server-cas.ts';

interface Setup extends Metrics {
  readonly index: ObjectIndex<SslReset>;
  /** Lines of the metric. */
  readonly read: (name: string) => Promise<readonly string[]>;
  /** The same, of passes over CloudSqlSslResets alone. */
  readonly ofResets: (name: string) => Promise<readonly string[]>;
}

function setup({ isLeader = () => true }: { readonly isLeader?: () => boolean } = {}): Setup {
  const index = new ObjectIndex(indexed);
  const options = { version: '1.2.3', leaseName: 'operator', leadership: { isLeader }, concurrency: 10 };
  const metrics = createMetrics({ ...options, index, kinds: KINDS });
  const read = async (name: string) =>
    (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`));
  const ofResets = async (name: string) =>
    (await read(name)).filter((line) => line.includes('controller="cloudsqlsslreset"'));
  return { ...metrics, index, read, ofResets };
}

const standing = (
  name: string,
  type: 'Ready' | 'Reconciling' | 'Stalled',
  reason: Reason,
  parts: Partial<SslReset['status']> = {},
) => {
  const value = { type, status: 'True', reason, message: '' } as const;
  const conditions = setConditions([], [value], { generation: 1, now: dateAt(0) });
  return aReset({ name, status: { observedGeneration: 1, conditions, ...parts } });
};

test('metrics show the version, and as of now whether it leads', async (t) => {
  let isLeader = false;
  const { registry } = setup({ isLeader: () => isLeader });
  const server = await startMetricsServer(registry, { host: '127.0.0.1', port: 0 });
  t.after(() => server.stop());
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };

  const standby = await get('/metrics');
  assert.equal(standby.status, 200);
  assert.match(standby.type ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(standby.text, /^cloudsql_ssl_reset_build_info\{version="1\.2\.3"\} 1$/m);
  assert.match(standby.text, /^leader_election_master_status\{name="operator"\} 0$/m);

  isLeader = true;
  assert.match((await get('/metrics?x')).text, /^leader_election_master_status\{name="operator"\} 1$/m);
  assert.equal((await get('/')).status, 404);
});

test('each check of readiness is 1 where it is well and 0 where it fails, asked again each time', async () => {
  const { readiness, read } = setup();
  const problems = ['no right to the Lease', undefined];
  readiness({ watch: () => undefined, lease: () => problems.shift() });
  const lines = (lease: 0 | 1) => [
    'cloudsql_ssl_reset_ready{check="watch"} 1',
    `cloudsql_ssl_reset_ready{check="lease"} ${lease}`,
  ];
  assert.deepEqual(await read('cloudsql_ssl_reset_ready'), lines(0));
  assert.deepEqual(await read('cloudsql_ssl_reset_ready'), lines(1));
});

describe('the metrics of the objects', () => {
  test('the metrics of the objects are those of the conditions now, and go with the object', async () => {
    const { index, read } = setup();
    index.apply(standing('a', 'Stalled', 'OutcomeUnknown'));
    index.apply(standing('b', 'Ready', 'Complete'));
    assert.deepEqual(await read('cloudsql_ssl_reset_condition'), [
      'cloudsql_ssl_reset_condition{namespace="orders",name="a",type="Stalled",status="True"} 1',
      'cloudsql_ssl_reset_condition{namespace="orders",name="b",type="Ready",status="True"} 1',
    ]);
    assert.deepEqual(await read('cloudsql_ssl_reset_reason'), [
      'cloudsql_ssl_reset_reason{namespace="orders",name="a",reason="OutcomeUnknown"} 1',
      'cloudsql_ssl_reset_reason{namespace="orders",name="b",reason="Complete"} 1',
    ]);
    index.apply(standing('a', 'Ready', 'Complete'));
    index.remove(aKey('orders/b'));
    assert.deepEqual(await read('cloudsql_ssl_reset_condition'), [
      'cloudsql_ssl_reset_condition{namespace="orders",name="a",type="Ready",status="True"} 1',
    ]);
    index.replace(KIND, []);
    assert.deepEqual(await read('cloudsql_ssl_reset_reason'), []);
  });

  test('the metrics of the objects count those that wait for an approval, for a window, and to be resumed', async () => {
    const { index, read } = setup();
    index.apply(standing('a', 'Reconciling', 'AwaitingApproval'));
    index.apply(standing('b', 'Reconciling', 'AwaitingApproval'));
    index.apply(standing('c', 'Reconciling', 'OutsideWindow'));
    index.apply(standing('d', 'Reconciling', 'Suspended'));
    assert.deepEqual(await read('cloudsql_ssl_reset_waiting'), [
      'cloudsql_ssl_reset_waiting{for="approval"} 2',
      'cloudsql_ssl_reset_waiting{for="window"} 1',
      'cloudsql_ssl_reset_waiting{for="resume"} 1',
    ]);
  });

  test('the metrics of the objects are exported by the leader alone, so that replicas do not count them twice', async () => {
    const { index, read } = setup({ isLeader: () => false });
    const serverCa = { expirationTime: '2036-01-01T00:00:00Z' };
    index.apply(standing('a', 'Stalled', 'OutcomeUnknown', { serverCa }));
    for (const name of ['condition', 'reason', 'server_ca_expiry_timestamp_seconds']) {
      assert.deepEqual(await read(`cloudsql_ssl_reset_${name}`), []);
    }
  });

  test('the metrics of the objects hold one expiry for an instance, that of its newest CA', async () => {
    const { index, read } = setup();
    const ca = (n: number, createTime: string, expirationTime: string) => ({
      serverCa: { sha1Fingerprint: fingerprint(n), createTime, expirationTime },
    });
    index.apply(standing('old', 'Ready', 'Complete', ca(1, '2020-01-01T00:00:00Z', '2030-01-01T00:00:00Z')));
    index.apply(standing('new', 'Ready', 'Complete', ca(2, '2021-01-01T00:00:00Z', '2031-01-01T00:00:00Z')));
    index.apply(standing('none', 'Ready', 'Complete', { serverCa: { expirationTime: 'never' } }));
    const name = 'cloudsql_ssl_reset_server_ca_expiry_timestamp_seconds';
    const value = Date.parse('2031-01-01T00:00:00Z') / 1000;
    assert.deepEqual(await read(name), [`${name}{project="acme-prod",instance="orders-db"} ${value}`]);
  });

  test("the metrics of the objects say nothing of conditions that are not the operator's", async () => {
    const { index, read } = setup();
    const foreign = { reason: 'X', message: '', lastTransitionTime: '', observedGeneration: 1 };
    const conditions = [
      { ...foreign, type: 'Blessed', status: 'True' },
      { ...foreign, type: 'Ready', status: 'Perhaps' },
    ];
    index.apply(aReset({ status: { observedGeneration: 1, conditions } }));
    assert.deepEqual(await read('cloudsql_ssl_reset_condition'), []);
  });
});

describe('the metrics of passes', () => {
  test('the metrics of passes show how passes ended', async () => {
    const { controller, ofResets } = setup();
    const key = aKey('orders/a');
    controller.onPassed({ key, kind: 'Reconciled', action: { kind: 'AwaitChange' }, durationMs: 5 });
    controller.onPassed({ key, kind: 'Reconciled', action: { kind: 'RequeueAfter', delayMs: 0 }, durationMs: 5 });
    controller.onPassed({ key, kind: 'Reconciled', action: { kind: 'RequeueAfter', delayMs: 9 }, durationMs: 5 });
    controller.onPassed({ key, kind: 'Failed', action: { kind: 'RequeueAfter', delayMs: 9 }, durationMs: 5 });
    controller.onPassed({ key, kind: 'Failed', action: { kind: 'AwaitChange' }, durationMs: 5 });
    const of = async (name: string) => (await ofResets(name)).map((line) => line.replace(/^.*?result="|^[^ ]*/, ''));
    assert.deepEqual(await of('controller_runtime_reconcile_total'), [
      'success"} 1',
      'error"} 2',
      'requeue"} 1',
      'requeue_after"} 1',
    ]);
    assert.deepEqual(await of('controller_runtime_reconcile_errors_total'), [' 2']);
    assert.deepEqual(await of('workqueue_retries_total'), [' 1']);
  });

  test('the metrics of passes look into the queue of the present work', async () => {
    const { controller, ofResets } = setup();
    const view = (depth: number, runningMs: readonly number[]) => ({
      waitingKeys: Array.from({ length: depth }, (_, n) => aKey(`orders/waiting-${n}`)),
      runningMs: new Map(runningMs.map((ms, n) => [aKey(`orders/running-${n}`), ms])),
    });
    controller.queue.onOpened(view(7, [1]));
    controller.queue.onOpened(view(3, [1_500, 500]));
    const of = async (name: string) => (await ofResets(name)).map((line) => line.replace(/^.*} /, ''));
    assert.deepEqual(await of('workqueue_depth'), ['3']);
    assert.deepEqual(await of('workqueue_unfinished_work_seconds'), ['2']);
    assert.deepEqual(await of('workqueue_longest_running_processor_seconds'), ['1.5']);
    assert.deepEqual(await of('controller_runtime_active_workers'), ['2']);
  });
});

test('counters are there before they count, so that the first increase is seen', async () => {
  const { read } = setup();
  for (const [name, series] of [
    ['operations_total', 6],
    ['outcome_resolutions_total', 3],
    ['workload_rolls_total', 8],
  ] as const) {
    const lines = await read(`cloudsql_ssl_reset_${name}`);
    assert.equal(lines.length, series, name);
    assert.ok(lines.every((line) => line.endsWith(' 0')));
  }
});

test('a request without an answer is counted as one', async () => {
  const { requests, read } = setup();
  requests.kubernetes({ method: 'GET', host: 'api:443', code: undefined });
  requests.cloudSql({ method: 'instances.get', code: 403 });
  assert.deepEqual(await read('rest_client_requests_total'), [
    'rest_client_requests_total{code="<error>",method="GET",host="api:443"} 1',
  ]);
  assert.deepEqual(await read('cloudsql_ssl_reset_api_requests_total'), [
    'cloudsql_ssl_reset_api_requests_total{method="instances.get",code="403"} 1',
  ]);
});

test('docs/metrics.md has a row for each metric, with its type, labels and help', async () => {
  const { registry } = setup();
  const docs = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const rows = docs.split('\n').filter((line) => /^\| `\w+` \| (counter|gauge|histogram) \|/.test(line));
  assert.deepEqual(rows.toSorted(), registry.getMetricsAsArray().map(rowOf).toSorted());
});

/** prom-client's types leave out what its objects have. */
function rowOf(metric: object): string {
  const { name, help, type, labelNames }: { name?: string; help?: string; type?: string; labelNames?: string[] } =
    metric;
  const labels = (labelNames ?? []).map((label) => `\`${label}\``).join(' ');
  return `| \`${name}\` | ${type} | ${labels} | ${(help ?? '').replaceAll('<', '\\<')} |`;
}

describe('the metrics of rotations', () => {
  const rotating = (mode: 'Never' | 'OnRequest' | 'WhenDue', phase: string) =>
    aServerCa({
      name: mode.toLowerCase(),
      spec: { rotation: { mode } },
      status: {
        rotation: { phase },
        serverCas: [
          {
            sha1Fingerprint: fingerprint(1),
            role: 'Active',
            published: true,
            createTime: '2020-01-01T00:00:00Z',
            expirationTime: '2030-01-01T00:00:00Z',
          },
        ],
      },
    });
  function following(isLeader = true) {
    const index = new ObjectIndex(indexedOfAnyKind);
    const options = { version: '', leaseName: '', leadership: { isLeader: () => isLeader }, concurrency: 1 };
    const { registry } = createMetrics({ ...options, index, kinds: KINDS });
    for (const object of [rotating('Never', 'Idle'), rotating('OnRequest', 'Holding'), rotating('WhenDue', 'Idle')]) {
      index.apply(object);
    }
    return async (name: string) =>
      (await registry.metrics()).split('\n').filter((line) => line.startsWith(`cloudsql_server_ca_rotation_${name}{`));
  }

  test('the metrics of rotations give the phase of each object that may rotate, and when one is due by its expiry', async () => {
    const read = following();
    assert.deepEqual(await read('phase'), [
      'cloudsql_server_ca_rotation_phase{namespace="orders",name="onrequest",phase="Holding"} 1',
      'cloudsql_server_ca_rotation_phase{namespace="orders",name="whendue",phase="Idle"} 1',
    ]);
    const [due, ...others] = await read('due_timestamp_seconds');
    assert.deepEqual(others, []);
    const [, time] = /^\S+name="whendue"\} (\d+(?:\.\d+)?(?:e\+\d+)?)$/.exec(due ?? '') ?? [];
    const seconds = Number(time);
    const expiry = Date.parse('2030-01-01T00:00:00Z') / 1000;
    assert.ok(seconds >= expiry - 3_888_000 && seconds <= expiry - 3_888_000 * 0.9, due);
  });

  test('the metrics of rotations say which objects wait for an approval, for a window, or to be resumed, also after another rotation had stalled', async () => {
    const index = new ObjectIndex(indexedOfAnyKind);
    const leadership = { isLeader: () => true };
    const { registry } = createMetrics({ version: '', leaseName: '', leadership, concurrency: 1, index, kinds: KINDS });
    const stalled = { reason: 'OutcomeUnknown', message: '', time: '2026-11-29T10:00:00Z' };
    for (const [name, reason, rest] of [
      ['a', 'AwaitingApproval', {}],
      ['w', 'OutsideWindow', {}],
      ['s', 'Suspended', {}],
      ['x', 'OutsideWindow', { stalled }],
    ] as const) {
      const rotation = { phase: 'Idle', gate: { reason, message: '' }, ...rest };
      index.apply(aServerCa({ name, spec: { rotation: { mode: 'OnRequest' } }, status: { rotation } }));
    }
    const lines = (await registry.metrics()).split('\n');
    assert.deepEqual(
      lines.filter((line) => line.startsWith('cloudsql_server_ca_waiting{')),
      [
        'cloudsql_server_ca_waiting{namespace="orders",name="a",for="approval"} 1',
        'cloudsql_server_ca_waiting{namespace="orders",name="w",for="window"} 1',
        'cloudsql_server_ca_waiting{namespace="orders",name="s",for="resume"} 1',
        'cloudsql_server_ca_waiting{namespace="orders",name="x",for="window"} 1',
      ],
    );
  });

  test('the metrics of rotations are reported by the leader alone', async () => {
    const read = following(false);
    assert.deepEqual([await read('phase'), await read('due_timestamp_seconds')], [[], []]);
  });

  test('the metrics of rotations count each by its outcome, from 0 on', async () => {
    const { onTransition, read } = setup();
    onTransition({ kind: 'RotationEnded', outcome: 'RolledBack' });
    assert.deepEqual(await read('cloudsql_server_ca_rotations_total'), [
      'cloudsql_server_ca_rotations_total{outcome="Rotated"} 0',
      'cloudsql_server_ca_rotations_total{outcome="RolledBack"} 1',
      'cloudsql_server_ca_rotations_total{outcome="Superseded"} 0',
      'cloudsql_server_ca_rotations_total{outcome="Failed"} 0',
    ]);
  });

  test('the metrics of rotations count one that a status write has ended, and none twice', () => {
    const ended = (outcome: string, time: string) => ({ cause: 'Expiry', outcome, startTime: time, endTime: time });
    const [first, second] = [ended('Rotated', '2026-01-01T00:00:00Z'), ended('RolledBack', '2026-02-01T00:00:00Z')];
    assert.deepEqual(endedRotation({}, { history: [first] }), [{ kind: 'RotationEnded', outcome: 'Rotated' }]);
    assert.deepEqual(endedRotation({ history: [first] }, { history: [first] }), []);
    assert.deepEqual(endedRotation({ history: [first] }, { history: [second, first] }), [
      { kind: 'RotationEnded', outcome: 'RolledBack' },
    ]);
    assert.deepEqual(endedRotation({}, {}), []);
  });
});
