import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import type { FinishedSpan } from '../../../src/observability/spans.ts';
import { Tracing, traceFields } from '../../../src/observability/tracing.ts';
import { observedResets } from '../../../src/reconcile/observed-resets.ts';
import type { ObjectRef } from '../../../src/reconcile/ports.ts';
import { credentialsIn } from '../../support/credentials-in.ts';
import { aRequest, aReset, readyConditions, reconcilingConditions } from '../../support/fakes/builders.ts';
import { aServerCa } from '../../support/fakes/fake-server-cas.ts';
import { type Fault, Faults } from '../../support/fakes/faults.ts';
import { Fixture, rejection } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

/** An operator whose passes are traced, through restarts. */
class TracedOperator extends Operator {
  readonly spans: FinishedSpan[] = [];
  readonly #tracing: Tracing;

  constructor(fixture: Fixture, faults = new Faults()) {
    super(fixture, { faults });
    this.#tracing = new Tracing(
      (span) => this.spans.push(span),
      () => fixture.clock.wallMs,
    );
    fixture.cloudSql.onCall = () =>
      this.#tracing.onCall({ method: 'instances.resetSslConfig', code: 200, durationMs: 20 });
    this.#watch();
  }

  override restart(): void {
    super.restart();
    this.#watch();
  }

  override pass(ref: ObjectRef): Promise<void> {
    return this.#tracing.pass(() => super.pass(ref));
  }

  #watch(): void {
    this.context = {
      ...this.context,
      resets: observedResets(this.context.resets, (write) => this.#tracing.onWrite(write)),
      onDecided: (reset, step) => this.#tracing.onDecided(reset, step),
    };
  }
}

const roots = (spans: readonly FinishedSpan[]): readonly FinishedSpan[] =>
  spans.filter(({ parentSpanId }) => parentSpanId === undefined);
const namesOf = (spans: readonly FinishedSpan[]): readonly string[] => spans.map(({ name }) => name);
const traces = (spans: readonly FinishedSpan[]): ReadonlySet<string> => new Set(spans.map(({ traceId }) => traceId));

function mustBeWhole(spans: readonly FinishedSpan[]): void {
  const ids = spans.map(({ spanId }) => spanId);
  assert.equal(new Set(ids).size, ids.length, 'an id twice');
  for (const { name, parentSpanId, startMs, endMs } of spans) {
    assert.ok(parentSpanId === undefined || ids.includes(parentSpanId), `${name} has no parent`);
    assert.ok(startMs <= endMs, `${name} ends before it begins`);
  }
}

describe('the trace of a request', () => {
  test('the trace of a request has its passes, its calls, its rolls, and one span that they lie in', async () => {
    const fixture = new Fixture();
    const operator = new TracedOperator(fixture);
    await operator.drive();
    const { spans } = operator;
    mustBeWhole(spans);
    assert.equal(traces(spans).size, 1);
    const [root] = roots(spans);
    assert.partialDeepStrictEqual(root, {
      name: 'CloudSqlSslReset',
      error: undefined,
      attributes: {
        'k8s.namespace.name': 'orders',
        'cloudsql_ssl.name': 'orders-db',
        'cloudsql_ssl.request': '1',
        'cloudsql_ssl.project': 'acme-prod',
        'cloudsql_ssl.instance': 'orders-db',
        'cloudsql_ssl.outcome': 'Complete',
      },
    });
    const names = namesOf(spans);
    for (const step of ['Receive', 'RequestReset', 'Follow', 'Roll']) assert.ok(names.includes(`pass ${step}`));
    assert.deepEqual(
      spans
        .filter(({ name }) => name === 'roll Deployment')
        .map((span) => span.attributes['cloudsql_ssl.workload.name']),
      ['api', 'worker'],
    );
    const call = spans.find(({ name }) => name === 'instances.resetSslConfig');
    assert.equal(call?.kind, 'Client');
    assert.equal(call.attributes['http.response.status_code'], 200);
    assert.equal(spans.find(({ spanId }) => spanId === call.parentSpanId)?.name, 'pass RequestReset');
    assert.equal(roots(spans).length, 1);
  });

  test('the trace of a request ends with the reason for which it is stalled, and begins again when a person lets it go on', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(400) });
    const operator = new TracedOperator(fixture);
    await operator.drive();
    assert.equal(roots(operator.spans)[0]?.error, 'InvalidRequest');
    fixture.clock.jump(60_000);
    fixture.annotate({ 'cloudsql-ssl.dev/retry': 'again' });
    await operator.drive();
    mustBeWhole(operator.spans);
    assert.equal(traces(operator.spans).size, 2);
    assert.deepEqual(
      roots(operator.spans).map(({ attributes }) => attributes['cloudsql_ssl.outcome']),
      ['InvalidRequest', 'Complete'],
    );
  });

  test('the trace of a request ends where another request comes before its end', async () => {
    const fixture = new Fixture({ annotations: { 'cloudsql-ssl.dev/suspend': 'true' } });
    const operator = new TracedOperator(fixture);
    await operator.drive();
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 600 } });
    await operator.drive();
    const [root, ...others] = roots(operator.spans);
    assert.equal(root?.attributes['cloudsql_ssl.outcome'], 'Superseded');
    assert.deepEqual(others, []);
    assert.equal(traces(operator.spans).size, 2);
  });

  test('the trace of a request shows a workload that does not come back as an error', async () => {
    const fixture = new Fixture();
    fixture.workloads.rollMs = Number.POSITIVE_INFINITY;
    const operator = new TracedOperator(fixture);
    await operator.drive();
    assert.equal(operator.spans.find(({ name }) => name === 'roll Deployment')?.error, 'Failed');
    assert.equal(roots(operator.spans)[0]?.error, 'RolloutFailed');
  });

  test('the trace of a request holds names, and nothing that looks like a credential', async () => {
    const operator = new TracedOperator(new Fixture());
    await operator.drive();
    assert.deepEqual(credentialsIn(JSON.stringify(operator.spans)), []);
    assert.doesNotMatch(JSON.stringify(operator.spans), /CA 2|https?:/);
  });

  test('the trace of a request is the same whatever goes wrong once, and has at most one root: none where its end was written and not heard of', async () => {
    const undisturbed = new TracedOperator(new Fixture());
    await undisturbed.drive();
    const { calls } = undisturbed.faults;
    const lastWrite = calls.lastIndexOf('resets.updateStatus');
    for (const fault of ['KillAfter', 'LoseAnswer'] satisfies Fault[]) {
      for (const [n, name] of calls.entries()) {
        const plan = (at: number) => (at === n ? fault : undefined);
        const operator = new TracedOperator(new Fixture(), new Faults(plan));
        await operator.drive();
        const isUnheard = n === lastWrite;
        assert.equal(roots(operator.spans).length, isUnheard ? 0 : 1, `${fault} of call ${n}, ${name}`);
        assert.equal(traces(operator.spans).size, 1, `${fault} of call ${n}, ${name}`);
        if (!isUnheard) mustBeWhole(operator.spans);
      }
    }
  });
});

describe('a pass', () => {
  test('a pass that calls nothing and writes nothing has no span, be its request over or not', async () => {
    const over = new TracedOperator(new Fixture());
    const waiting = new TracedOperator(new Fixture({ annotations: { 'cloudsql-ssl.dev/suspend': 'true' } }));
    for (const operator of [over, waiting]) {
      await operator.drive();
      const { length } = operator.spans;
      assert.ok(length > 0);
      await operator.resync();
      assert.equal(operator.spans.length, length);
    }
  });

  test('a pass that fails is an error of its kind, without its words, and fails on', async () => {
    const spans: FinishedSpan[] = [];
    const tracing = new Tracing(
      (span) => spans.push(span),
      () => 0,
    );
    const error = new KubernetesError({ kind: 'Unavailable', message: 'says something' });
    const running = aReset({ status: { request: aRequest(), conditions: reconcilingConditions('Publishing') } });
    const failing = tracing.pass(() => {
      tracing.onDecided(running, 'Publish');
      return Promise.reject(error);
    });
    await assert.rejects(failing, error);
    assert.partialDeepStrictEqual(spans, [{ name: 'pass Publish', error: 'Unavailable' }]);
    assert.doesNotMatch(JSON.stringify(spans), /says something/);
  });

  test('a pass names itself to its log lines as soon as its request is known', async () => {
    const fixture = new Fixture();
    const operator = new TracedOperator(fixture);
    const told: Readonly<Record<string, string>>[] = [];
    operator.context = { ...operator.context, logger: recorder(() => told.push(traceFields())) };
    await operator.drive();
    const passes = new Set(operator.spans.filter(({ name }) => name.startsWith('pass ')).map(({ spanId }) => spanId));
    assert.ok(told.length > 3);
    for (const { trace_id: traceId, span_id: spanId = '' } of told) {
      assert.equal(traceId, operator.spans[0]?.traceId);
      assert.ok(passes.has(spanId));
    }
    assert.deepEqual(traceFields(), {});
  });
});

function recorder(note: () => void) {
  const logger = { debug: note, info: note, warn: note, error: note, child: () => logger };
  return logger;
}

test('the trace of a CloudSqlServerCa has its passes and rolls, and one span that they lie in, and a look that finds nothing new has none', async () => {
  const spans: FinishedSpan[] = [];
  const tracing = new Tracing(
    (span) => spans.push(span),
    () => Date.parse('2026-03-01T12:00:10Z'),
  );
  const rolling = aServerCa({
    status: { observedGeneration: 1, conditions: reconcilingConditions('RollingOut'), rollout: { total: 0 } },
  });
  const workload = { kind: 'Deployment', name: 'api', wave: 0, state: 'Rolled' } as const;
  const ready = aServerCa({ status: { observedGeneration: 1, conditions: readyConditions('UpToDate') } });
  await tracing.pass(async () => {
    tracing.onFollowed(rolling, 'Roll');
    const transitions = [{ kind: 'WorkloadEnded', workload, outcome: 'Rolled' }] as const;
    tracing.onServerCaWrite({ before: rolling, after: ready, transitions, rotations: [] });
  });
  mustBeWhole(spans);
  assert.deepEqual(namesOf(spans).toSorted(), ['CloudSqlServerCa', 'pass Roll', 'roll Deployment']);
  spans.length = 0;
  await tracing.pass(async () => {
    tracing.onFollowed(ready, 'Look');
    tracing.onCall({ method: 'instances.listServerCas', code: 200, durationMs: 20 });
  });
  assert.deepEqual(spans, []);
});
