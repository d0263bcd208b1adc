import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SslReset } from '../../../../src/domain/reset/ssl-reset.ts';
import { tracedReset } from '../../../../src/domain/reset/traced-reset.ts';
import * as trace from '../../../../src/domain/trace.ts';
import {
  aCondition,
  aRequest,
  aReset,
  at,
  readyConditions,
  reconcilingConditions,
  stalledConditions,
} from '../../../support/fakes/builders.ts';

const traceOf = (reset: SslReset) => trace.traceOf(tracedReset(reset));
const traceOutcome = (before: SslReset, after: SslReset) => trace.traceOutcome(tracedReset(before), tracedReset(after));

const conditions = reconcilingConditions('Preflight');
const running = aReset({ status: { request: aRequest(), conditions } });

describe('a trace', () => {
  test('a trace has the same name for whoever reads the object, until its end', () => {
    const later = aReset({
      resourceVersion: '9',
      status: {
        request: aRequest({ attempt: 1, receivedTime: at(60), doneTime: at(90) }),
        conditions: [aCondition('Ready', 'False', 'Throttled'), aCondition('Reconciling', 'True', 'Throttled')],
      },
    });
    assert.deepEqual(traceOf(later), traceOf(running));
    assert.match(traceOf(running)?.traceId ?? '', /^[0-9a-f]{32}$/);
    assert.match(traceOf(running)?.rootSpanId ?? '', /^[0-9a-f]{16}$/);
    assert.equal(traceOf(running)?.sinceMs, Date.parse(at(0)));
  });

  test('a trace is another one for another object, request or beginning', () => {
    const began = [aCondition('Reconciling', 'True', 'Preflight', { lastTransitionTime: at(1) })];
    const traces = [
      running,
      aReset({ uid: 'other', status: { request: aRequest(), conditions } }),
      aReset({ status: { request: aRequest({ generation: 2 }), conditions } }),
      aReset({ status: { request: aRequest({ requestId: 'one' }), conditions } }),
      aReset({ status: { request: aRequest(), conditions: began } }),
    ].map(traceOf);
    assert.equal(new Set(traces.map((trace) => trace?.traceId)).size, traces.length);
    assert.equal(new Set(traces.map((trace) => trace?.rootSpanId)).size, traces.length);
  });

  test('a trace goes on through edits of the same request', () => {
    const one = aReset({ status: { request: aRequest({ requestId: 'one' }), conditions } });
    const edited = aReset({
      generation: 2,
      status: { request: aRequest({ requestId: 'one', generation: 2 }), conditions },
    });
    assert.equal(traceOf(edited)?.traceId, traceOf(one)?.traceId);
    assert.equal(traceOutcome(one, edited), undefined);
  });

  test('a trace is none before a request, and after its end', () => {
    assert.equal(traceOf(aReset()), undefined);
    assert.equal(traceOf(aReset({ status: { request: aRequest(), conditions: readyConditions() } })), undefined);
    assert.equal(
      traceOf(aReset({ status: { request: aRequest(), conditions: stalledConditions('Expired') } })),
      undefined,
    );
  });
});

describe('the end of a trace', () => {
  const after = (parts: Parameters<typeof aReset>[0]) => traceOutcome(running, aReset(parts));

  test('the end of a trace has the reason for which it is ready, or stalled', () => {
    assert.deepEqual(after({ status: { request: aRequest(), conditions: readyConditions() } }), {
      kind: 'Ready',
      reason: 'Complete',
    });
    assert.deepEqual(after({ status: { request: aRequest(), conditions: stalledConditions('Expired') } }), {
      kind: 'Stalled',
      reason: 'Expired',
    });
  });

  test('the end of a trace is there as well where another request comes before it', () => {
    assert.deepEqual(after({ status: { request: aRequest({ generation: 2 }), conditions } }), {
      kind: 'Superseded',
      reason: 'Superseded',
    });
  });

  test('the end of a trace is none where there was no trace', () => {
    const ready = aReset({ status: { request: aRequest(), conditions: readyConditions() } });
    assert.equal(traceOutcome(ready, running), undefined);
    assert.equal(traceOutcome(ready, ready), undefined);
  });
});
