import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFiles } from '../../../src/kubernetes/open-files.ts';

const secret = (rest: object = {}) => ({ volumes: [{ name: 'v', secret: { secretName: 'cert', ...rest } }] });
const projected = (source: object, rest: object = {}) => ({
  volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 'cert', ...source } }], ...rest } }],
});
const ALL = [{ secret: 'cert' }];

const CASES: readonly (readonly [string, object, readonly object[]])[] = [
  ['no mode, which is 0644', secret(), ALL],
  ['0640', secret({ defaultMode: 0o640 }), []],
  ['0440', secret({ defaultMode: 0o440 }), []],
  ['0400', secret({ defaultMode: 0o400 }), []],
  ['0660', secret({ defaultMode: 0o660 }), ALL],
  [
    'an item alone that is more open',
    secret({ defaultMode: 0o440, items: [{ key: 'k', path: 'k', mode: 0o444 }] }),
    [{ secret: 'cert', keys: ['k'] }],
  ],
  ['an item alone that is less open', secret({ items: [{ key: 'k', path: 'k', mode: 0o440 }] }), []],
  ['a projected one without a mode', projected({}), ALL],
  ['a projected one with 0440', projected({}, { defaultMode: 0o440 }), []],
  ['a projected item', projected({ items: [{ key: 'k', path: 'k' }] }), [{ secret: 'cert', keys: ['k'] }]],
  ['a ConfigMap', { volumes: [{ name: 'v', configMap: { name: 'ca' } }] }, []],
  ['nothing', {}, []],
];

for (const [what, spec, expected] of CASES) {
  test(`the files of a Secret that a pod mounts too openly are found: ${what}`, () => {
    assert.deepEqual(openFiles(spec), expected);
  });
}
