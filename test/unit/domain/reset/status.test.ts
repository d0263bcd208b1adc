import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { progressing, ready, stalled, type Verdict, waiting } from '../../../../src/domain/conditions.ts';
import type { Request, SslReset, Status } from '../../../../src/domain/reset/ssl-reset.ts';
import { type StatusChanges, summarize, withChanges } from '../../../../src/domain/reset/status.ts';
import { failureMessage } from '../../../../src/domain/trust/rollout-status.ts';
import {
  aCall,
  aFailedOperation,
  anOperation,
  aRequest,
  aReset,
  at,
  dateAt,
  fingerprint,
  NOW,
} from '../../../support/fakes/builders.ts';

const serverCa = { secretName: 'db-ca', key: 'server-ca.pem', contents: 'All' } as const;
const done = aCall({ outcome: 'Accepted', doneTime: NOW });
const published: StatusChanges = {
  request: { ...done, publishedTime: NOW },
  operation: anOperation({ status: 'DONE' }),
  serverCa: { sha1Fingerprint: fingerprint(2), publishedTo: 'Secret/db-ca' },
};
const complete = ready('Complete', 'done');

const summaryOf = (facts: StatusChanges, verdict: Verdict, reset: SslReset = aReset({ spec: { serverCa } })): Status =>
  summarize(reset, facts, verdict, dateAt(5));
const conditionsOf = (...given: Parameters<typeof summaryOf>): readonly string[] =>
  (summaryOf(...given).conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`);
const row = (state: string, startTime?: string) => ({
  kind: 'Deployment',
  name: state,
  wave: 0,
  state,
  ...(startTime !== undefined && { startTime }),
});

describe('Ready, Reconciling and Stalled', () => {
  const request = aRequest();
  const head = (verdict: Verdict): readonly string[] => conditionsOf({ request }, verdict).slice(0, 2);
  test('while nothing is wrong: Ready is Unknown', () =>
    assert.deepEqual(head(progressing('Preflight', '')), ['Ready=Unknown Progressing', 'Reconciling=True Preflight']));
  test('while it waits: Ready is False with its reason', () =>
    assert.deepEqual(head(waiting('Throttled', '')), ['Ready=False Throttled', 'Reconciling=True Throttled']));
  test('while a person must act: Ready is False, Stalled is True', () =>
    assert.deepEqual(head(stalled('Expired', '')), ['Ready=False Expired', 'Stalled=True Expired']));
  test('at the end: Ready is True, alone', () =>
    assert.deepEqual(conditionsOf({ request }, complete, aReset({ spec: { rollout: { disabled: true } } })), [
      'Ready=True Complete',
      'ResetDone=False Complete',
    ]));

  test('Reconciling and Stalled exclude each other, and no message breaks its line or bound, whatever the verdict says', () => {
    const message = fc.string({ unit: 'binary', maxLength: 3000 });
    const verdict = fc.oneof(
      message.map((text) => progressing('RollingOut', text)),
      message.map((text) => waiting('CannotPublish', text)),
      message.map((text) => stalled('RolloutFailed', text)),
      message.map((text) => ready('Complete', text)),
    );
    const facts = fc.constantFrom<StatusChanges>(
      {},
      { request },
      { request: done, operation: aFailedOperation() },
      published,
    );
    fc.assert(
      fc.property(facts, verdict, (given, said) => {
        const { conditions = [] } = summaryOf(given, said);
        const types = conditions.map(({ type }) => type);
        assert.equal(
          types.filter((type) => type === 'Reconciling' || type === 'Stalled').length,
          said.kind === 'Ready' ? 0 : 1,
        );
        assert.equal(new Set(types).size, types.length);
        for (const condition of conditions) {
          assert.ok(condition.message.length <= 1024);
          assert.doesNotMatch(condition.message, /[\r\n\u2028\u2029]/);
        }
      }),
    );
  });
});

describe('the conditions of the steps', () => {
  const stepsOf = (...given: Parameters<typeof summaryOf>) =>
    conditionsOf(...given).filter((text) => !/^(Ready|Reconciling|Stalled)=/.test(text));
  const rolling = progressing('RollingOut', '');

  test('before the reset', () =>
    assert.deepEqual(stepsOf({ request: aRequest() }, progressing('Preflight', '')), [
      'ResetDone=False Preflight',
      'ServerCaPublished=False Pending',
      'WorkloadsRolled=False Pending',
    ]));
  test('after the operation, publishing', () =>
    assert.deepEqual(stepsOf({ request: done, operation: anOperation() }, waiting('CannotPublish', '')), [
      'ResetDone=True OperationDone',
      'ServerCaPublished=False CannotPublish',
      'WorkloadsRolled=False Pending',
    ]));
  /** What no condition may say. */
  function wrongOf({ request, operation }: StatusChanges): RegExp {
    if (request?.outcome === 'Unknown' && operation?.error === undefined) return /is not done/;
    const isSettled = request?.outcome === 'Accepted' || request?.outcome === 'AlreadyDone';
    return isSettled && request.doneTime !== undefined ? /reset is not done/ : /undefined/;
  }

  test('no condition says of the reset what another one denies, and no message has a gap, in any state', () => {
    const time = fc.option(fc.constant(NOW), { nil: undefined });
    const outcome = fc.constantFrom('Accepted', 'AlreadyDone', 'Refused', 'NotSent', 'Unknown', undefined);
    const operation = fc.constantFrom(undefined, anOperation(), anOperation({ status: 'DONE' }), aFailedOperation());
    const verdict = fc.constantFrom<Verdict>(
      progressing('Publishing', 'v'),
      waiting('CannotPublish', 'v'),
      stalled('ObjectConflict', 'v'),
    );
    const rollout = fc.constantFrom<StatusChanges['rollout']>(
      undefined,
      {},
      { total: 0 },
      { total: 1, rolled: 1, skipped: 0 },
    );
    const reset = aReset({ spec: { serverCa, clientCertificates: [{ commonName: 'api', secretName: 'api' }] } });
    fc.assert(
      fc.property(outcome, time, time, operation, rollout, verdict, (how, doneTime, publishedTime, op, rolls, end) => {
        const request = aCall({
          ...(how !== undefined && { outcome: how }),
          ...(doneTime !== undefined && { doneTime }),
          ...(doneTime !== undefined && publishedTime !== undefined && { publishedTime }),
        });
        const facts = {
          request,
          ...(op !== undefined && { operation: op }),
          ...(rolls !== undefined && { rollout: rolls }),
        };
        for (const { type, message } of summaryOf(facts, end, reset).conditions ?? []) {
          assert.doesNotMatch(message, wrongOf(facts), type);
          assert.doesNotMatch(message, /^ |undefined| {2}|: *$|: [.;]/, type);
        }
      }),
    );
  });
  test('after a failed operation', () =>
    assert.deepEqual(
      stepsOf({ request: done, operation: aFailedOperation() }, stalled('OperationFailed', ''))[0],
      'ResetDone=False OperationFailed',
    ));
  test('while it rolls', () =>
    assert.deepEqual(stepsOf({ ...published, rollout: { total: 2, rolled: 1, skipped: 0, workloads: [] } }, rolling), [
      'ResetDone=True OperationDone',
      'ServerCaPublished=True Published',
      'WorkloadsRolled=False RollingOut',
    ]));
  test('ResetDone is absent where nothing was called', () =>
    assert.deepEqual(
      stepsOf({ request: aRequest({ outcome: 'AlreadyDone', doneTime: NOW }) }, progressing('Publishing', '')),
      ['ServerCaPublished=False Publishing', 'WorkloadsRolled=False Pending'],
    ));
  test('a step that the spec does not ask for is absent', () =>
    assert.deepEqual(stepsOf(published, rolling, aReset({ spec: { rollout: { disabled: true } } })), [
      'ResetDone=True OperationDone',
    ]));

  const rolled = (facts: StatusChanges['rollout']) =>
    summaryOf({ ...published, ...(facts !== undefined && { rollout: facts }) }, complete).conditions?.find(
      ({ type }) => type === 'WorkloadsRolled',
    );
  test('nothing depends on the instance', () => assert.equal(rolled({ total: 0 })?.reason, 'NothingToRoll'));
  test('all is skipped: nothing is said to have been rolled', () => {
    const condition = rolled({ total: 1, rolled: 0, skipped: 1, workloads: [row('Skipped')] });
    assert.deepEqual([condition?.status, condition?.reason], ['True', 'NothingToRoll']);
  });
  test('all carried the CAs already', () =>
    assert.equal(rolled({ total: 1, rolled: 1, skipped: 0, workloads: [row('Rolled')] })?.reason, 'Unchanged'));
  test('some rolled, some skipped', () => {
    const condition = rolled({ total: 2, rolled: 1, skipped: 1, workloads: [row('Rolled', NOW), row('Skipped')] });
    assert.deepEqual([condition?.reason, condition?.message], ['Rolled', '1 rolled and healthy, 1 skipped']);
  });
});

test('the conditions speak of the generation of the request, not of one that waits behind it', () => {
  const { observedGeneration, conditions = [] } = summaryOf(
    { request: aCall() },
    progressing('ResolvingOutcome', ''),
    aReset({ generation: 7 }),
  );
  assert.equal(observedGeneration, 1);
  assert.ok(conditions.every((condition) => condition.observedGeneration === 1));
});

describe('the history', () => {
  const end = (history: Status['history'], request: Request, verdict: Verdict, facts: StatusChanges = {}) =>
    summarize(
      aReset({ status: { ...(history !== undefined && { history }) } }),
      { request, ...facts },
      verdict,
      dateAt(9),
    ).history;

  test('the history is absent while nothing has ended', () => {
    assert.equal(end(undefined, done, progressing('Publishing', '')), undefined);
    assert.equal(end(undefined, done, waiting('CannotPublish', '')), undefined);
  });
  test('the history says how a request ended', () =>
    assert.deepEqual(
      end(undefined, aCall({ ...done, requestId: 'a' }), complete, {
        operation: anOperation(),
        serverCa: { sha1Fingerprint: 'f' },
      }),
      [
        {
          generation: 1,
          requestId: 'a',
          operation: 'op-1',
          outcome: 'Complete',
          startTime: NOW,
          serverCaSha1Fingerprint: 'f',
          endTime: at(9),
        },
      ],
    ));
  const entry = { generation: 1, outcome: 'RolloutFailed', startTime: NOW, endTime: at(3) };
  test('the same end of the same request is not reported twice', () =>
    assert.deepEqual(end([entry], done, stalled('RolloutFailed', '')), [entry]));
  test('another end of the same request replaces the first one', () =>
    assert.deepEqual(end([entry], done, complete), [{ ...entry, outcome: 'Complete', endTime: at(9) }]));
  test('the next request comes before it', () =>
    assert.deepEqual(
      end([entry], aCall({ ...done, generation: 2, time: at(8) }), complete)?.map(({ generation }) => generation),
      [2, 1],
    ));
  const superseded = (past: Request, history?: Status['history']) =>
    summarize(
      aReset({ status: { request: past, operation: anOperation(), ...(history !== undefined && { history }) } }),
      { request: aRequest({ generation: 2, requestId: 'b', receivedTime: at(8) }) },
      progressing('Preflight', ''),
      dateAt(9),
    ).history;

  for (const [what, past] of Object.entries({
    accepted: aCall({ ...done, requestId: 'a' }),
    'given up as unknown': aCall({ outcome: 'Unknown', requestId: 'a' }),
    'in doubt when the next one came': aCall({ outcome: 'NotSent', inDoubt: true, requestId: 'a' }),
  })) {
    test(`the history has a call that was ${what}, whose request was replaced before it came to an end`, () =>
      assert.deepEqual(superseded(past), [
        { generation: 1, requestId: 'a', operation: 'op-1', outcome: 'Superseded', startTime: NOW, endTime: at(9) },
      ]));
  }
  test('the history has nothing of a request that was replaced before it was called, or whose call was refused', () => {
    assert.equal(superseded(aRequest()), undefined);
    assert.equal(superseded(aCall({ outcome: 'Refused' })), undefined);
  });
  test('the history does not report a call twice that came to an end before its request was replaced', () =>
    assert.deepEqual(superseded(done, [entry]), [entry]));
  test('the history holds the newest ten calls, however many requests that called nothing came after them', () => {
    const call = (n: number) => ({ generation: n, operation: `op-${n}`, outcome: 'Complete', startTime: at(n) });
    const idle = (n: number) => ({ generation: n, outcome: 'Expired', startTime: at(n) });
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }), (calls) => {
        const ten = calls.map((isCall, index) => (isCall ? call : idle)(50 - index));
        const [newest, ...others] = end(ten, aRequest({ generation: 60 }), stalled('Expired', '')) ?? [];
        const kept = ten.filter(({ generation }) => others.some((one) => one.generation === generation));
        const dropped = ten.filter((one) => !kept.includes(one));
        assert.deepEqual([newest?.generation, kept.length, dropped.length], [60, 9, 1]);
        assert.ok(calls.every(Boolean) || dropped.every((one) => one.outcome === 'Expired'));
      }),
    );
  });
  test('the history holds the newest ten', () => {
    const ten = Array.from({ length: 10 }, (_, n) => ({ ...entry, generation: 20 - n }));
    const next = end(ten, aCall({ ...done, generation: 21 }), complete) ?? [];
    assert.deepEqual([next.length, next[0]?.generation, next.at(-1)?.generation], [10, 21, 12]);
  });
});

test('what failed in a roll is named on one line', () => {
  const workloads = [{ ...row('Failed'), message: 'a\nb' }, row('Rolled'), { ...row('Missing'), message: 'gone' }];
  assert.equal(failureMessage({ workloads }), 'Deployment Failed: a b; Deployment Missing: gone');
});

test('what failed in the roll is named also where no row says how, or none is listed', () => {
  const rows = [row('Failed')];
  assert.equal(failureMessage({ failed: 1, workloads: rows }), 'Deployment Failed');
  assert.equal(failureMessage({ failed: 3, workloads: [] }), '3 workloads failed');
});

test('what a step does not change stays in the status, and what it leaves empty goes', () => {
  const status = {
    request: done,
    serverCa: { sha1Fingerprint: fingerprint(1) },
    operation: anOperation(),
    rollout: {},
    clientCertificates: [],
    siblingCalls: ['uid'],
    history: [],
  };
  const changes = { operation: undefined, rollout: undefined, siblingCalls: [], request: aRequest() };
  assert.deepEqual(withChanges(aReset({ status }), changes).status, {
    request: aRequest(),
    serverCa: { sha1Fingerprint: fingerprint(1) },
    history: [],
  });
});
