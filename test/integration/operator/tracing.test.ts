import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mustHoldNoCredentials } from '../../support/credentials-in.ts';
import {
  deployment,
  INSTANCE,
  isReady,
  isReadyWith,
  type OperatorFixture,
  operatorFixture,
  reset,
} from '../../support/operator/fixture.ts';
import { drawn } from './drawn-trace.ts';
import { OtlpReceiver, type ReceivedSpan } from './otlp-receiver.ts';

const CLIENT = 3;
const ERROR = 2;
const TOKEN = 'a-token-of-the-collector';

const traced = ({ url }: OtlpReceiver): NodeJS.ProcessEnv => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_HEADERS: `x-collector-token=${TOKEN}`,
  OTEL_BSP_SCHEDULE_DELAY: '100',
  OTEL_RESOURCE_ATTRIBUTES: 'k8s.cluster.name=test,gcp.project_id=acme-traces',
});

/** Its end sends what waits to be sent. */
async function ended({ operator }: Pick<OperatorFixture, 'operator'>): Promise<void> {
  assert.equal(await operator.kill('SIGTERM'), 0, operator.log);
}

const named = (spans: readonly ReceivedSpan[], name: string): readonly ReceivedSpan[] =>
  spans.filter((span) => span.name === name);

describe('traces', { concurrency: 3 }, () => {
  test('a request is one trace, also where the operator is killed in its midst', async (t) => {
    const collector = await OtlpReceiver.start(t);
    const { apply, until, emulator, operator, restartOperator, resets, namespace } = await operatorFixture(t, {
      env: { ...traced(collector), OTEL_SERVICE_NAME: 'ssl-resets' },
    });
    const release = emulator.operations.hold();
    await apply(reset({ serverCa: { secretName: 'ca' } }), deployment('api'), deployment('worker'));
    await until('db', ({ status }) => status.operation?.status === 'RUNNING');
    // What the first process has sent is there before it is killed.
    await collector.span('instances.resetSslConfig');
    await operator.kill();
    release();
    const second = await restartOperator(['--log-format=gcp']);
    await until('db', isReady);
    await ended({ operator: second });
    assert.equal(resets(), 1);

    const { spans, requests } = collector;
    const [root] = named(spans, 'CloudSqlSslReset');
    assert.ok(root);
    assert.deepEqual([...new Set(spans.map(({ traceId }) => traceId))], [root.traceId]);
    assert.deepEqual(
      spans.filter(({ parentSpanId }) => parentSpanId === '').map(({ spanId }) => spanId),
      [root.spanId],
    );
    const ids = new Set(spans.map(({ spanId }) => spanId));
    assert.equal(ids.size, spans.length);
    for (const { name, parentSpanId } of spans) assert.ok(parentSpanId === '' || ids.has(parentSpanId), name);

    const object = { 'k8s.namespace.name': namespace, 'cloudsql_ssl.name': 'db', 'cloudsql_ssl.instance': INSTANCE };
    assert.partialDeepStrictEqual(root, {
      attributes: { ...object, 'cloudsql_ssl.outcome': 'Complete' },
      status: { code: 0 },
      resource: { 'service.name': 'ssl-resets', 'k8s.cluster.name': 'test', 'telemetry.sdk.language': 'nodejs' },
    });
    for (const { api } of emulator.journal.entries()) {
      assert.ok(
        spans.some(({ name }) => name === api || name === `instances.${api}`),
        api,
      );
    }
    const [call] = named(spans, 'instances.resetSslConfig');
    assert.partialDeepStrictEqual(call, { kind: CLIENT, attributes: { 'http.response.status_code': 200 } });
    assert.equal(spans.find(({ spanId }) => spanId === call?.parentSpanId)?.name, 'pass RequestReset');
    assert.deepEqual(
      named(spans, 'roll Deployment')
        .map(({ attributes }) => attributes['cloudsql_ssl.workload.name'])
        .toSorted(),
      ['api', 'worker'],
    );
    assert.equal(named(spans, 'operation').length, 1);

    assert.ok(requests.every(({ path }) => path === '/v1/traces'));
    assert.ok(requests.every(({ headers }) => headers['x-collector-token'] === TOKEN));
    for (const { text } of requests) mustHoldNoCredentials('A trace', text);
    assert.doesNotMatch(operator.log + second.log, new RegExp(TOKEN));
    const complete: Readonly<Record<string, unknown>> = JSON.parse(await second.says('"reason":"Complete"'));
    assert.equal(complete.trace_id, root.traceId);
    assert.equal(complete['logging.googleapis.com/trace'], `projects/acme-traces/traces/${root.traceId}`);
    t.diagnostic(`The trace:\n${drawn(spans)}`);
  });

  test('a call that Cloud SQL refuses is an error with its status, and nothing of its answer', async (t) => {
    const collector = await OtlpReceiver.start(t);
    const { apply, until, emulator, operator } = await operatorFixture(t, { env: traced(collector) });
    emulator.order({
      api: 'instances.get',
      answer: { kind: 'Error', executed: false, code: 403, reason: 'notAuthorized' },
    });
    await apply(reset(), deployment('api'));
    await until('db', isReady);
    await ended({ operator });
    const refused = collector.spans.filter(({ status }) => status.code === ERROR);
    assert.partialDeepStrictEqual(refused, [
      { name: 'instances.get', status: { message: '403' }, attributes: { 'http.response.status_code': 403 } },
    ]);
    assert.doesNotMatch(collector.requests.map(({ text }) => text).join(), /notAuthorized/);
  });

  test('a share of the traces is the same share for every process, and nothing is sent of the others', async (t) => {
    const collector = await OtlpReceiver.start(t);
    const { apply, until, operator } = await operatorFixture(t, {
      env: { ...traced(collector), OTEL_TRACES_SAMPLER: 'parentbased_always_off' },
    });
    await apply(reset());
    await until('db', isReady);
    await ended({ operator });
    assert.deepEqual(collector.requests, []);
  });

  test('without an endpoint nothing is connected to, whatever else is said', async (t) => {
    const collector = await OtlpReceiver.start(t);
    const { apply, until, operator } = await operatorFixture(t, {
      env: { ...traced(collector), OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_TRACES_EXPORTER: 'otlp' },
    });
    await apply(reset());
    await until('db', isReady);
    await ended({ operator });
    assert.deepEqual(collector.requests, []);
    assert.doesNotMatch(operator.log, /trace_id/);
  });

  test('a collector that refuses holds nothing up, and is reported once', async (t) => {
    const collector = await OtlpReceiver.start(t, 'Refuse');
    const { apply, until, operator } = await operatorFixture(t, { env: traced(collector) });
    await apply(reset(), deployment('api'));
    await until('db', isReady);
    await operator.says('Traces cannot be sent');
    await apply(reset({ requestId: 'two' }));
    await until('db', isReadyWith(2));
    await ended({ operator });
    assert.ok(collector.requests.length > 1);
    const told = await operator.lines('Traces cannot be sent');
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /"reason":"401 Unauthorized"/);
    assert.doesNotMatch(operator.log, /who are you/);
  });

  test('a collector that takes requests and never answers holds neither the reset up nor the end', async (t) => {
    const collector = await OtlpReceiver.start(t, 'Hang');
    const { apply, until, operator, resets } = await operatorFixture(t, {
      env: { ...traced(collector), OTEL_EXPORTER_OTLP_TIMEOUT: '600000' },
    });
    await apply(reset(), deployment('api'));
    await until('db', isReady);
    await collector.requested();
    await ended({ operator });
    await operator.says('The remaining traces could not be sent in time');
    assert.equal(resets(), 1);
  });
});
