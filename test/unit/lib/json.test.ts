import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { arrayAt, numberAt, objectAt, parseJson, textAt, textsAt } from '../../../src/lib/json.ts';

const names = fc.oneof(fc.constantFrom(...Object.getOwnPropertyNames(Object.prototype)), fc.string());

describe('JSON that nobody has checked', () => {
  test('JSON that nobody has checked has nothing that only its prototype has', () => {
    for (const name of Object.getOwnPropertyNames(Object.prototype)) {
      assert.deepEqual(
        [objectAt({}, name), textAt({}, name), numberAt({}, name), arrayAt({}, name)],
        [{}, '', undefined, []],
      );
    }
  });

  test('JSON that nobody has checked gives back each text under the name that it has, whatever that is, and nothing else', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(names, fc.string()), { selector: ([name]) => name }), (entries) => {
        const labels = `{${entries.map(([name, text]) => `${JSON.stringify(name)}:${JSON.stringify(text)}`).join()}}`;
        const read = textsAt(parseJson(`{"labels":${labels}}`), 'labels');
        assert.deepEqual(Object.entries(read).toSorted(), entries.toSorted());
      }),
    );
  });
});
