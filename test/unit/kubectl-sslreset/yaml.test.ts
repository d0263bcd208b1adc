import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { toYaml } from '../../../src/kubectl-sslreset/yaml.ts';

test('YAML is read back as the data it was made of, by YAML 1.2 and 1.1', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (data) => {
      const plain: unknown = JSON.parse(JSON.stringify(data));
      for (const version of ['1.2', '1.1'] as const) assert.deepEqual(parse(toYaml(data), { version }), plain);
    }),
  );
});

test('texts that YAML takes for other values are in quotes, plain ones are not', () => {
  const data = { a: 'orders-db', b: '2026-11', c: 'yes', d: 'No', e: 'null', f: 'server-ca.pem', g: '', h: 'a: b' };
  assert.equal(
    toYaml(data),
    'a: orders-db\nb: "2026-11"\nc: "yes"\nd: "No"\ne: "null"\nf: server-ca.pem\ng: ""\nh: "a: b"\n',
  );
});

test('lists and maps in YAML are indented below their key, and what is undefined is left out', () => {
  const data = { spec: { kinds: ['Deployment'], targets: [{ name: 'api', wave: 1 }], none: [], gone: undefined } };
  assert.equal(
    toYaml(data),
    'spec:\n  kinds:\n    - Deployment\n  targets:\n    - name: api\n      wave: 1\n  none: []\n',
  );
});
