import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Instance } from '../../../../src/domain/instance.ts';
import {
  type AfterReset,
  findRestart,
  hasKeptCa,
  isOldCa,
  judgeUnchangedCa,
  trusting,
  type UnchangedCa,
} from '../../../../src/domain/reset/ca-change.ts';
import { templateAnnotationKey } from '../../../../src/domain/trust/tls-material.ts';
import {
  aCall,
  aFailedOperation,
  anOperation,
  aReset,
  at,
  aWorkload,
  fingerprint,
} from '../../../support/fakes/builders.ts';

type Parts = Partial<Omit<AfterReset, 'instance'>> & { readonly instance?: Partial<Instance> };

const FIRST_GENERATION = { backendType: 'FIRST_GEN' };
const SERVICE = { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' };
const TOMORROW = { serverCaMode: 'SOMETHING_NEW' };

const rows: readonly (readonly [string, Parts, UnchangedCa])[] = [
  ['an instance with a CA of its own', {}, 'NotYet'],
  ['a CA service', { instance: SERVICE }, 'Kept'],
  ["a customer's CA service", { instance: { serverCaMode: 'CUSTOMER_MANAGED_CAS_CA' } }, 'Kept'],
  ['a replica that syncs', { mode: 'SyncFromPrimary' }, 'Kept'],
  ['a mode of tomorrow, nothing new to be seen', { instance: TOMORROW }, 'NotYet'],
  ['a mode of tomorrow, a new server certificate', { instance: TOMORROW, hasNewServerCertificate: true }, 'Kept'],
  ['First Generation', { instance: FIRST_GENERATION }, 'RestartRequired'],
  ['First Generation, with a CA service', { instance: { ...FIRST_GENERATION, ...SERVICE } }, 'RestartRequired'],
  ['First Generation, restarted', { instance: FIRST_GENERATION, isRestarted: true }, 'NotYet'],
  [
    'First Generation, restarted, a replica that syncs',
    { instance: FIRST_GENERATION, isRestarted: true, mode: 'SyncFromPrimary' },
    'Kept',
  ],
];

describe('the old CA after a reset that is done', () => {
  for (const [what, { instance, ...parts }, expected] of rows) {
    test(`${what}: ${expected}`, () => {
      const judged = judgeUnchangedCa({
        instance: { state: 'RUNNABLE', serverCaSha1Fingerprint: fingerprint(1), ...instance },
        mode: 'All',
        isRestarted: false,
        hasNewServerCertificate: false,
        ...parts,
      });
      assert.equal(judged, expected);
    });
  }

  test('no CA at all is never the right one', () => {
    const instance = { state: 'RUNNABLE', ...SERVICE };
    const judged = judgeUnchangedCa({ instance, mode: 'All', isRestarted: false, hasNewServerCertificate: true });
    assert.equal(judged, 'NotYet');
  });
});

describe('a restart after the reset', () => {
  const reset = anOperation({ status: 'DONE', insertTime: at(0), startTime: at(1), endTime: at(10) });
  const restart = { operationType: 'RESTART', status: 'DONE', name: 'op-2' };

  test('a restart after the reset began when the reset was done', () => {
    assert.equal(findRestart(reset, {}, [anOperation({ ...restart, startTime: at(10) })])?.name, 'op-2');
    assert.equal(findRestart(reset, {}, [anOperation({ ...restart, startTime: at(9) })]), undefined);
  });
  test('a restart after the reset is told by when it was asked for where no start is told', () =>
    assert.equal(findRestart(reset, {}, [anOperation({ ...restart, insertTime: at(11) })])?.name, 'op-2'));
  test('a restart after the reset is DONE', () =>
    assert.equal(
      findRestart(reset, {}, [anOperation({ ...restart, status: 'RUNNING', startTime: at(11) })]),
      undefined,
    ));
  test('succeeded', () =>
    assert.equal(findRestart(reset, {}, [aFailedOperation({ ...restart, startTime: at(11) })]), undefined));
  test('a restart after the reset is a RESTART', () =>
    assert.equal(findRestart(reset, {}, [anOperation({ status: 'DONE', startTime: at(11) })]), undefined));
  test('a restart after the reset was not listed before the reset', () => {
    const listed = anOperation({ ...restart, startTime: at(11) });
    assert.equal(findRestart(reset, { operations: ['op-2'] }, [listed]), undefined);
  });
  test('a restart after the reset is none where no time of the reset is known', () => {
    assert.equal(findRestart(undefined, {}, [anOperation({ ...restart, startTime: at(11) })]), undefined);
  });
});

describe('a CA that the reset cannot have made', () => {
  test('a CA that the reset cannot have made is the one that was active', () => {
    assert.ok(isOldCa({ serverCaSha1Fingerprint: fingerprint(1) }, fingerprint(1)));
    assert.ok(!isOldCa({ serverCaSha1Fingerprint: fingerprint(1) }, fingerprint(2)));
    assert.ok(!isOldCa({}, fingerprint(2)));
  });
  test('a CA that the reset cannot have made is, First Generation, any that was listed', () => {
    const before = { serverCaSha1Fingerprint: fingerprint(1), serverCas: [fingerprint(1), fingerprint(2)] };
    assert.ok(isOldCa(before, fingerprint(2)));
    assert.ok(!isOldCa(before, fingerprint(3)));
  });
});

const status = (outcome: string, ca: number) => ({
  request: aCall({ outcome }),
  serverCa: { sha1Fingerprint: fingerprint(ca) },
  rollout: { revision: 'now' },
});

describe('the CA was kept', () => {
  test('the CA was kept by a reset after which it is the one of before', () =>
    assert.ok(hasKeptCa(status('Accepted', 1))));
  test('the CA was kept: not where it is another one', () => assert.ok(!hasKeptCa(status('Accepted', 2))));
  test('the CA was kept: not where nothing was reset', () => assert.ok(!hasKeptCa(status('AlreadyDone', 1))));
  test('the CA was kept: not where neither is known', () =>
    assert.ok(!hasKeptCa({ request: aCall({ outcome: 'Accepted', before: {} }), serverCa: {} })));
});

describe('who trusts a CA that was kept', () => {
  const reset = aReset({ status: status('Accepted', 1) });
  const key = templateAnnotationKey(reset.spec);
  const digestOf = (of: typeof reset, templateAnnotations: Readonly<Record<string, string>>) => {
    const dependent = {
      kind: 'Deployment' as const,
      name: 'api',
      wave: 0,
      workload: aWorkload({ templateAnnotations }),
    };
    return trusting(of, [dependent])[0]?.workload?.templateAnnotations;
  };

  test('who trusts a CA that was kept is a workload that never carried a digest', () =>
    assert.deepEqual(digestOf(reset, {}), { [key]: 'now' }));
  test('who trusts a CA that was kept is not one that carries the digest of other CAs', () =>
    assert.deepEqual(digestOf(reset, { [key]: 'old' }), { [key]: 'old' }));
  test('who trusts a CA that was kept is nobody where the CA is another one', () =>
    assert.deepEqual(digestOf(aReset({ status: status('Accepted', 2) }), {}), {}));
  test('who trusts a CA that was kept is not a target that does not exist', () => {
    const missing = { kind: 'Deployment', name: 'gone', wave: 0 } as const;
    assert.deepEqual(trusting(reset, [missing]), [missing]);
  });
});
