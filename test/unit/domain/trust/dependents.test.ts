import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations, INSTANCE_LABEL } from '../../../../src/domain/object.ts';
import type { Spec } from '../../../../src/domain/reset/ssl-reset.ts';
import { dependents, looksForReferences } from '../../../../src/domain/trust/dependents.ts';
import { rolloutSelector } from '../../../../src/domain/trust/label-selector.ts';
import type { Workload } from '../../../../src/domain/trust/workload.ts';
import { aSpec, aWorkload } from '../../../support/fakes/builders.ts';

const inWave = (wave: number) => ({ annotations: { [annotations.wave]: String(wave) } });

describe('the dependents', () => {
  const published = { serverCa: { secretName: 'db-ca', key: 'server-ca.pem', contents: 'All' } } as const;
  const names = (spec: Spec, workloads: readonly Workload[]): readonly string[] =>
    dependents(spec, rolloutSelector(spec), workloads).map(
      ({ name, wave, workload }) => `${wave} ${name}${workload ? '' : ' missing'}`,
    );
  const unlabelled = { labels: {} };

  test('the dependents are those with the label of the instance, and no others', () =>
    assert.deepEqual(
      names(aSpec(), [
        aWorkload(),
        aWorkload({ name: 'b', ...unlabelled }),
        aWorkload({ name: 'c', labels: { [INSTANCE_LABEL]: 'other' } }),
      ]),
      ['0 api'],
    ));
  test('the dependents are those of the spec selector instead', () =>
    assert.deepEqual(
      names(aSpec({ rollout: { selector: { matchLabels: { app: 'x' } } } }), [
        aWorkload(),
        aWorkload({ name: 'b', labels: { app: 'x' } }),
      ]),
      ['0 b'],
    ));
  test('the dependents are also those that refer to what is published', () =>
    assert.deepEqual(
      names(aSpec(published), [
        aWorkload({ ...unlabelled, refersTo: ['Secret/db-ca'] }),
        aWorkload({ name: 'b', ...unlabelled, refersTo: ['ConfigMap/db-ca'] }),
      ]),
      ['0 api'],
    ));
  test('the dependents are also those that refer to a client certificate', () => {
    const clientCertificates = [{ commonName: 'api', secretName: 'api-cert' }];
    assert.deepEqual(
      names(aSpec({ clientCertificates }), [
        aWorkload({ ...unlabelled, refersTo: ['Secret/api-cert'] }),
        aWorkload({ name: 'b', ...unlabelled, refersTo: ['ConfigMap/api-cert', 'Secret/db-ca'] }),
      ]),
      ['0 api'],
    );
  });
  test('the dependents are also those that run the pod template of one, in its wave, and no others without a template', () => {
    const runs = (name: string, of: string) =>
      aWorkload({ kind: 'Rollout', name, ...unlabelled, templateFrom: { kind: 'Deployment', name: of } });
    const api = aWorkload({ ...unlabelled, ...inWave(2), refersTo: ['Secret/db-ca'] });
    assert.deepEqual(names(aSpec(published), [api, runs('canary', 'api'), runs('other', 'web')]), [
      '2 api',
      '2 canary',
    ]);
  });
  test('the dependents are not those that refer to it where the spec does not want that', () =>
    assert.deepEqual(
      names(aSpec({ ...published, rollout: { referencing: false } }), [
        aWorkload({ ...unlabelled, refersTo: ['Secret/db-ca'] }),
      ]),
      [],
    ));
  test('the dependents are also those that the spec names, and a name without a workload is missing', () =>
    assert.deepEqual(
      names(
        aSpec({
          rollout: {
            targets: [
              { kind: 'Deployment', name: 'b', wave: 2 },
              { kind: 'Deployment', name: 'gone' },
            ],
          },
        }),
        [aWorkload({ name: 'b', ...unlabelled })],
      ),
      ['0 gone missing', '2 b'],
    ));
  test('the dependents are ordered by wave, then by name', () =>
    assert.deepEqual(
      names(aSpec(), [aWorkload({ name: 'c' }), aWorkload({ name: 'a' }), aWorkload({ name: 'b', ...inWave(-1) })]),
      ['-1 b', '0 a', '0 c'],
    ));
  test('the dependents have the wave of the spec before the one of their annotation', () => {
    const targets = [{ kind: 'Deployment', name: 'a', wave: 3 }] as const;
    assert.deepEqual(names(aSpec({ rollout: { targets: [...targets] } }), [aWorkload({ name: 'a', ...inWave(1) })]), [
      '3 a',
    ]);
  });
  for (const [text, wave] of [
    ['7', 7],
    ['+7', 7],
    ['-2147483647', -2147483647],
    ['1001', 1001],
    ['-0', 0],
  ] as const) {
    test(`the wave ${JSON.stringify(text)} is ${wave}`, () => {
      const [dependent] = dependents(aSpec(), rolloutSelector(aSpec()), [
        aWorkload({ annotations: { [annotations.wave]: text } }),
      ]);
      assert.deepEqual([dependent?.wave, dependent?.note], [wave, undefined]);
    });
  }
  for (const text of [
    '',
    ' ',
    'first',
    '1.5',
    '1e2',
    '0x10',
    '1 ',
    'NaN',
    'Infinity',
    '2147483648',
    '1,000',
    '--1',
    '١',
  ]) {
    test(`the wave ${JSON.stringify(text)} is not understood: it never comes before another, and is named`, () => {
      const [last] = dependents(aSpec(), rolloutSelector(aSpec()), [
        aWorkload({ name: 'a', annotations: { [annotations.wave]: text } }),
        aWorkload({ name: 'b', annotations: { [annotations.wave]: '2147483646' } }),
      ]).toReversed();
      assert.equal(last?.name, 'a');
      assert.match(last?.note ?? '', /cloudsql-ssl\.dev\/wave: ".*" is not understood.*whole number/);
    });
  }
  test('the dependents of the same name are told apart by their kind', () => {
    const targets = [{ kind: 'StatefulSet', name: 'api', wave: 3 }] as const;
    assert.deepEqual(names(aSpec({ rollout: { targets: [...targets] } }), [aWorkload()]), ['0 api', '3 api missing']);
  });
});

test('references are looked for where something is published that they could be to', () => {
  const serverCa = { configMapName: 'db-ca', key: 'server-ca.pem', contents: 'All' } as const;
  const clientCertificates = [{ commonName: 'api', secretName: 'api-cert' }];
  assert.deepEqual(
    [
      aSpec(),
      aSpec({ serverCa }),
      aSpec({ clientCertificates }),
      aSpec({ serverCa, rollout: { referencing: false } }),
    ].map(looksForReferences),
    [false, true, true, false],
  );
});
