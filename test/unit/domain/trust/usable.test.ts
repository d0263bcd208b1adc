import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Spec } from '../../../../src/domain/reset/ssl-reset.ts';
import { unusableField } from '../../../../src/domain/trust/usable.ts';
import { aSpec } from '../../../support/fakes/builders.ts';

type Parts = Parameters<typeof aSpec>[0];

const ca = { key: 'server-ca.pem', contents: 'All' } as const;
const target = (name: string) => ({ kind: 'Deployment', name }) as const;
const labels = (matchLabels: Readonly<Record<string, string>>): Parts => ({ rollout: { selector: { matchLabels } } });
type Requirement = NonNullable<NonNullable<Spec['rollout']['selector']>['matchExpressions']>[number];
const expression = (requirement: Requirement): Parts => ({
  rollout: { selector: { matchExpressions: [requirement] } },
});

const UNUSABLE: readonly (readonly [string, Parts])[] = [
  ['serverCa.secretName cannot be "a..b"', { serverCa: { ...ca, secretName: 'a..b' } }],
  ['serverCa.configMapName cannot be "."', { serverCa: { ...ca, configMapName: '.' } }],
  ['serverCa.key cannot be ".."', { serverCa: { ...ca, secretName: 'a', key: '..' } }],
  ['serverCa.key cannot be "__proto__"', { serverCa: { ...ca, secretName: 'a', key: '__proto__' } }],
  [
    'clientCertificates[0].secretName cannot be "a.-b"',
    { clientCertificates: [{ commonName: 'x', secretName: 'a.-b' }] },
  ],
  ['rollout.targets[1].name cannot be "."', { rollout: { targets: [target('a'), target('.')] } }],
  ['rollout.targets[0].name cannot be "a/b"', { rollout: { targets: [target('a/b')] } }],
  ['rollout.targets[0].name cannot be "a\\n"', { rollout: { targets: [target('a\n')] } }],
  ['rollout.selector.matchLabels[app] cannot be "a b"', labels({ app: 'a b' })],
  ['rollout.selector.matchLabels cannot be "a b"', labels({ 'a b': '' })],
  ['rollout.selector.matchLabels cannot be "__proto__"', labels(Object.fromEntries([['__proto__', 'x']]))],
  ['rollout.selector.matchExpressions[0].key cannot be "a/b/c"', expression({ key: 'a/b/c', operator: 'Exists' })],
  [
    'rollout.selector.matchExpressions[0].values cannot be "a,b"',
    expression({ key: 'a', operator: 'In', values: ['x', 'a,b'] }),
  ],
  ['rollout.selector.matchLabels[cloudsql-ssl.dev/instance] cannot be', { instance: `a${'b'.repeat(70)}` }],
];

describe('what neither the operator nor the API server can use', () => {
  for (const [message, parts] of UNUSABLE) {
    test(`what neither the operator nor the API server can use is named with its field and the way out: ${message}`, () => {
      const found = unusableField(aSpec(parts)) ?? '';
      assert.ok(found.startsWith(message), found);
      assert.match(found, /: correct it to (the name|a key|a label)/);
    });
  }

  test('what neither the operator nor the API server can use is nothing of a spec that the API server takes', () => {
    const full: Parts = {
      serverCa: { ...ca, secretName: 'a-1.b' },
      clientCertificates: [{ commonName: 'x y', secretName: '0' }],
      rollout: {
        targets: [target('a'.repeat(253))],
        selector: {
          matchLabels: { app: '', 'example.com/App_1.x': 'A-b_c.9', constructor: 'x' },
          matchExpressions: [{ key: 'a', operator: 'In', values: ['', 'b'.repeat(63)] }],
        },
      },
    };
    for (const parts of [{}, full]) assert.equal(unusableField(aSpec(parts)), undefined);
  });

  test('what neither the operator nor the API server can use of the workloads matters nothing where none is rolled', () =>
    assert.equal(unusableField(aSpec({ rollout: { disabled: true, targets: [target('.')] } })), undefined));
});
