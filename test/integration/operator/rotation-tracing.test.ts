import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mustHoldNoCredentials } from '../../support/credentials-in.ts';
import { workload } from '../../support/operator/kinds.ts';
import { hasRotated, isUpToDate, rotating, serverCa } from '../../support/operator/rotating.ts';
import { OtlpReceiver } from './otlp-receiver.ts';

test('a rotation is traced: its looks, its moves with the calls that they make, its rolls, and each trace has a span that they lie in', async (t) => {
  const collector = await OtlpReceiver.start(t);
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '100' };
  const own = await rotating(t, { env });
  await own.apply(workload('Deployment', 'api'), serverCa({}));
  await own.until('ready', isUpToDate);
  await own.apply(serverCa({ requestId: 'spring' }));
  await own.until('rotated', hasRotated(1));
  assert.equal(await own.operator.kill('SIGTERM'), 0, own.operator.log);

  const { spans, requests } = collector;
  const named = (name: string) => spans.filter((span) => span.name === name);
  for (const step of ['Look', 'Rotate', 'Roll']) assert.ok(named(`pass ${step}`).length > 0, step);
  for (const method of ['instances.addServerCa', 'instances.rotateServerCa']) {
    const calls = named(method);
    assert.equal(calls.length, 1, method);
    const pass = spans.find(({ spanId }) => spanId === calls[0]?.parentSpanId);
    assert.partialDeepStrictEqual(pass, { name: 'pass Rotate', attributes: { 'cloudsql_ssl.step': 'Rotate' } });
  }
  assert.ok(named('roll Deployment').length > 0);
  const roots = new Set(named('CloudSqlServerCa').map(({ traceId }) => traceId));
  for (const { traceId, parentSpanId, name } of spans) {
    assert.ok(roots.has(traceId), name);
    assert.ok(parentSpanId === '' || spans.some((one) => one.spanId === parentSpanId && one.traceId === traceId), name);
  }
  for (const { text } of requests) mustHoldNoCredentials('A trace', text);
});
