import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgeTracing } from '../../../src/config/tracing.ts';
import { parseConfig } from '../../../src/config.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const problems = (env: Record<string, string>): readonly string[] => judgeTracing({ ...ENDPOINT, ...env }).problems;
const ratio = (name: string, arg = ''): number | undefined =>
  judgeTracing({ ...ENDPOINT, OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: arg }).tracing?.ratio;

describe('there are traces', () => {
  test('there are traces where an endpoint is given, and only there', () => {
    const on = { tracing: { ratio: 1, project: undefined, delayMs: 5_000 }, problems: [] };
    assert.deepEqual(judgeTracing(ENDPOINT), on);
    assert.deepEqual(judgeTracing({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example.com/v1/traces' }), on);
    assert.deepEqual(judgeTracing({}), { problems: [] });
    assert.deepEqual(judgeTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_TRACES_EXPORTER: 'otlp' }), { problems: [] });
  });

  test('there are traces and not where they are switched off, whatever else is said', () => {
    const odd = { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    assert.deepEqual(judgeTracing({ ...odd, OTEL_SDK_DISABLED: 'True' }), { problems: [] });
    assert.deepEqual(judgeTracing({ ...odd, OTEL_TRACES_EXPORTER: 'none' }), { problems: [] });
  });

  test('there are traces of a project of Google Cloud where the resource names it', () => {
    const { tracing } = judgeTracing({ ...ENDPOINT, OTEL_RESOURCE_ATTRIBUTES: 'a=b, gcp.project_id=acme-traces' });
    assert.equal(tracing?.project, 'acme-traces');
  });

  test('there are traces of which the sampler keeps a share, whatever it says of parents', () => {
    assert.equal(ratio('always_off'), 0);
    assert.equal(ratio('parentbased_always_on', '0.1'), 1);
    assert.equal(ratio('traceidratio', '0.25'), 0.25);
    assert.equal(ratio('parentbased_traceidratio', '.5'), 0.5);
    assert.equal(ratio('traceidratio'), 1);
  });
});

describe('a variable that is wrong', () => {
  test('a variable that is wrong is named with what was expected', () => {
    assert.deepEqual(problems({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), [
      'OTEL_EXPORTER_OTLP_PROTOCOL: got "grpc", expected http/protobuf, which collectors take on port 4318',
    ]);
    assert.deepEqual(problems({ OTEL_TRACES_EXPORTER: 'zipkin', OTEL_EXPORTER_OTLP_TIMEOUT: '10s' }), [
      'OTEL_TRACES_EXPORTER: got "zipkin", expected otlp or none',
      'OTEL_EXPORTER_OTLP_TIMEOUT: got "10s", expected a number of milliseconds above 0',
    ]);
    assert.match(problems({ OTEL_TRACES_SAMPLER: 'jaeger_remote' }).join(), /got "jaeger_remote", expected one of /);
    assert.match(problems({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' }).join(), /got "2"/);
    assert.match(problems({ OTEL_RESOURCE_ATTRIBUTES: 'team' }).join(), /got "team", expected name=value/);
  });

  test('a variable that is wrong is reported along with all that is wrong with the flags', () => {
    const result = parseConfig(['--concurrency=0'], { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' });
    assert.ok(result.kind === 'Invalid');
    assert.match(
      result.problems.join('\n'),
      /--concurrency.*\nOTEL_EXPORTER_OTLP_ENDPOINT: expected an http\(s\):\/\/ URL$/,
    );
  });

  test('a variable that is wrong is not repeated where it may hold a credential', () => {
    const told = problems({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'ftp://me:hunter2@collector',
      OTEL_EXPORTER_OTLP_HEADERS: 'hunter2',
    });
    assert.equal(told.length, 2);
    assert.doesNotMatch(told.join(), /hunter2/);
    assert.deepEqual(problems({ OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic aHVudGVyMg==,x-team=db,' }), []);
  });
});
