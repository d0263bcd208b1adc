import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasKeptCa, trusting } from '../../../src/domain/kept-ca.ts';
import { templateAnnotationKey } from '../../../src/domain/tls-material.ts';
import { aCall, aReset, aWorkload, fingerprint } from '../support/builders.ts';

const status = (outcome: string, ca: number) => ({
  request: aCall({ outcome }),
  serverCa: { sha1Fingerprint: fingerprint(ca) },
  rollout: { revision: 'now' },
});

describe('the CA was kept', () => {
  test('by a reset after which it is the one of before', () => assert.ok(hasKeptCa(status('Accepted', 1))));
  test('not where it is another one', () => assert.ok(!hasKeptCa(status('Accepted', 2))));
  test('not where nothing was reset', () => assert.ok(!hasKeptCa(status('AlreadyDone', 1))));
  test('not where neither is known', () =>
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

  test('is a workload that never carried a digest', () => assert.deepEqual(digestOf(reset, {}), { [key]: 'now' }));
  test('is not one that carries the digest of other CAs', () =>
    assert.deepEqual(digestOf(reset, { [key]: 'old' }), { [key]: 'old' }));
  test('is nobody where the CA is another one', () =>
    assert.deepEqual(digestOf(aReset({ status: status('Accepted', 2) }), {}), {}));
  test('is not a target that does not exist', () => {
    const missing = { kind: 'Deployment', name: 'gone', wave: 0 } as const;
    assert.deepEqual(trusting(reset, [missing]), [missing]);
  });
});
