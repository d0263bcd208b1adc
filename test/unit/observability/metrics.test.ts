import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { setConditions } from '../../../src/domain/conditions.ts';
import type { Reason } from '../../../src/domain/reasons.ts';
import { KIND, type SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { createMetrics, type Metrics, startMetricsServer } from '../../../src/observability/metrics.ts';
import { indexed } from '../../../src/reconcile/indexed-reset.ts';
import { KINDS } from '../../../src/reconcile/kinds.ts';
import { ObjectIndex } from '../../../src/reconcile/object-index.ts';
import { aKey, aReset, dateAt, fingerprint } from '../../support/fakes/builders.ts';

interface Setup extends Metrics {
  readonly index: ObjectIndex<SslReset>;
  /** Lines of the metric. */
  readonly read: (name: string) => Promise<readonly string[]>;
}

function setup({ isLeader = () => true }: { readonly isLeader?: () => boolean } = {}): Setup {
  const index = new ObjectIndex(indexed);
  const options = { version: '1.2.3', leaseName: 'operator', leadership: { isLeader }, concurrency: 10 };
  const metrics = createMetrics({ ...options, index, kinds: KINDS });
  const read = async (name: string) =>
    (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`));
  return { ...metrics, index, read };
}

const standing = (name: string, type: 'Ready' | 'Stalled', reason: Reason, parts: Partial<SslReset['status']> = {}) => {
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
    const { controller, read } = setup();
    const key = aKey('orders/a');
    controller.onPassed({ key, kind: 'Reconciled', action: { kind: 'AwaitChange' }, durationMs: 5 });
    controller.onPassed({ key, kind: 'Reconciled', action: { kind: 'RequeueAfter', delayMs: 0 }, durationMs: 5 });
    controller.onPassed({ key, kind: 'Reconciled', action: { kind: 'RequeueAfter', delayMs: 9 }, durationMs: 5 });
    controller.onPassed({ key, kind: 'Failed', action: { kind: 'RequeueAfter', delayMs: 9 }, durationMs: 5 });
    controller.onPassed({ key, kind: 'Failed', action: { kind: 'AwaitChange' }, durationMs: 5 });
    const of = async (name: string) => (await read(name)).map((line) => line.replace(/^.*?result="|^[^ ]*/, ''));
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
    const { controller, read } = setup();
    const view = (depth: number, runningMs: readonly number[]) => ({
      waitingKeys: Array.from({ length: depth }, (_, n) => aKey(`orders/waiting-${n}`)),
      runningMs: new Map(runningMs.map((ms, n) => [aKey(`orders/running-${n}`), ms])),
    });
    controller.queue.onOpened(view(7, [1]));
    controller.queue.onOpened(view(3, [1_500, 500]));
    const of = async (name: string) => (await read(name)).map((line) => line.replace(/^.*} /, ''));
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
