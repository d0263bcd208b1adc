import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { countRight, MAX_KNOWN, rightRevisions } from '../../../../src/domain/trust/right-template.ts';
import { revisionOf, templateAnnotationKey } from '../../../../src/domain/trust/tls-material.ts';
import { aWorkload, fingerprint } from '../../../support/fakes/builders.ts';

const INSTANCE = { project: 'acme-prod', instance: 'orders-db' };
const fingerprints = fc.uniqueArray(fc.integer({ min: 1, max: 9 }).map(fingerprint), { minLength: 1, maxLength: 6 });

describe('a pod template', () => {
  test('a pod template is right with the digest of any set of known CAs that holds all needed ones, whichever of it was active', () => {
    fc.assert(
      fc.property(fingerprints, fc.nat(), fc.nat(), fc.nat(), (all, needs, some, first) => {
        const needed = all.slice(0, 1 + (needs % all.length));
        const known = all.slice(needed.length);
        const set = [...needed, ...known.slice(0, some % (known.length + 1))];
        const active = set[first % set.length] ?? '';
        const digest = revisionOf([active, ...set.filter((one) => one !== active)]);
        assert.ok(rightRevisions({ needed, known }).has(digest));
      }),
    );
  });

  test('a pod template is wrong where a needed CA is missing, or where there is one that nobody knows', () => {
    const [a, b, c] = [1, 2, 3].map(fingerprint);
    const right = rightRevisions({ needed: [a ?? ''], known: [b ?? ''] });
    for (const set of [[b], [a, c], [a, b, c], []]) assert.ok(!right.has(revisionOf(set.map((one) => one ?? ''))));
  });

  test('a pod template is compared with 192 digests at most', () => {
    const [needed, ...known] = Array.from({ length: 20 }, (_, n) => fingerprint(n));
    assert.ok(rightRevisions({ needed: [needed ?? ''], known }).size <= MAX_KNOWN * 2 ** (MAX_KNOWN - 1));
  });

  test('a pod template that is right counts as carrying what is wanted, and no other one does', () => {
    const key = templateAnnotationKey(INSTANCE);
    const wanted = revisionOf([fingerprint(2), fingerprint(1)]);
    const templates = [{ [key]: revisionOf([fingerprint(1), fingerprint(2)]) }, { [key]: 'other' }, {}];
    const dependents = templates.map((templateAnnotations, n) => ({
      kind: 'Deployment' as const,
      name: `app-${n}`,
      wave: 0,
      workload: aWorkload({ name: `app-${n}`, templateAnnotations }),
    }));
    const trust = { needed: [fingerprint(2)], known: [fingerprint(1)] };
    const counted = countRight(dependents, { instance: INSTANCE, wanted, trust });
    assert.deepEqual(
      counted.map(({ workload }) => workload?.templateAnnotations[key]),
      [wanted, 'other', undefined],
    );
  });
});
