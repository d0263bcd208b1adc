import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Instance } from '../../../../src/domain/instance.ts';
import { makePlan, type PlanFacts, planId } from '../../../../src/domain/reset/plan.ts';
import { aRequest, aReset, aWorkload, fingerprint, NOW, type ResetParts } from '../../../support/fakes/builders.ts';

const instance: Instance = { state: 'RUNNABLE', sslMode: 'ENCRYPTED_ONLY', serverCaSha1Fingerprint: fingerprint(1) };
const certificates = [
  { commonName: 'a', sha1Fingerprint: fingerprint(11) },
  { commonName: 'b', sha1Fingerprint: fingerprint(12) },
];
const FACTS: PlanFacts = { instance, clientCertificates: certificates, dependents: [], otherObjects: [] };
const named = aRequest({ requestId: 'r' });
const idOf = (parts: ResetParts = {}, request = named, facts = FACTS): string => planId(aReset(parts), request, facts);

describe('the id of a plan', () => {
  test('the id of a plan is another one for another object, request, call, instance, mode, CA, certificate or sslMode', () => {
    const ids = [
      idOf(),
      idOf({ uid: 'restored elsewhere' }),
      idOf({}, aRequest({ requestId: 's' })),
      idOf({}, aRequest({ requestId: 'r', earlierCalls: 1 })),
      idOf({}, aRequest({ generation: 1 })),
      idOf({}, aRequest({ generation: 2 })),
      idOf({ spec: { project: 'other' } }),
      idOf({ spec: { instance: 'other' } }),
      idOf({ spec: { mode: 'SyncFromPrimary' } }),
      idOf({}, named, { ...FACTS, instance: { ...instance, serverCaSha1Fingerprint: fingerprint(2) } }),
      idOf({}, named, { ...FACTS, instance: { ...instance, sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' } }),
      idOf({}, named, { ...FACTS, clientCertificates: certificates.slice(0, 1) }),
      idOf({}, named, { ...FACTS, clientCertificates: [] }),
      idOf({}, named, { ...FACTS, clientCertificates: undefined }),
    ];
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/);
  });

  test('the id of a plan does not hang on workloads, edits, attempts or the order of certificates', () => {
    const facts = {
      ...FACTS,
      clientCertificates: certificates.toReversed(),
      dependents: [{ kind: 'Deployment', name: 'api', wave: 0, workload: aWorkload() }] as const,
    };
    const request = aRequest({ requestId: 'r', generation: 7, attempt: 3, outcome: 'NotSent', inDoubt: true });
    assert.equal(idOf({ generation: 7, resourceVersion: '99' }, request, facts), idOf());
  });
});

test('a plan holds no more than the CRD takes, whatever there is', () => {
  const many = Array.from({ length: 300 }, (_, index) => ({
    kind: 'Deployment' as const,
    name: `w${index}`,
    wave: index,
    workload: aWorkload({ name: `w${index}`, paused: true, owner: { kind: 'X'.repeat(2_000), name: 'y' } }),
  }));
  const lost = Array.from({ length: 200 }, (_, n) => ({
    commonName: 'c'.repeat(500),
    sha1Fingerprint: fingerprint(n),
  }));
  const facts = { ...FACTS, dependents: many, clientCertificates: lost };
  const plan = makePlan(aReset(), named, facts, NOW);
  assert.deepEqual(
    [plan.workloads?.total, plan.workloads?.list?.length, Object.keys(plan.workloads?.byWave ?? {}).length],
    [300, 20, 20],
  );
  assert.deepEqual([plan.warnings?.length, plan.clientCertificatesLost?.length], [20, 100]);
  assert.ok(plan.warnings?.every((warning) => warning.length <= 1024));
  assert.ok(plan.clientCertificatesLost?.every(({ commonName }) => commonName.length <= 256));
});
