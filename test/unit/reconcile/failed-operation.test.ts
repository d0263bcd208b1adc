import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Operation } from '../../../src/domain/call/operation.ts';
import { failed } from '../../../src/domain/reset/completion.ts';
import { anOperation, aReset } from '../../support/fakes/builders.ts';

type Errors = NonNullable<NonNullable<Operation['error']>['errors']>;

describe('the message of a failed operation', () => {
  const messageOf = (errors?: Errors): string =>
    failed(aReset(), anOperation({ name: 'op-1', error: errors === undefined ? {} : { errors } })).message;

  for (const errors of [undefined, [], [{}], [{ code: '', message: '' }], [{ message: '.' }], [{ message: ' ' }]]) {
    test(`the message of a failed operation says that Cloud SQL does not say why where it has ${JSON.stringify(errors)}`, () =>
      assert.match(
        messageOf(errors),
        /^Operation op-1 failed, and Cloud SQL does not say why\. The reset is not called again/,
      ));
  }
  test('the message of a failed operation has each cause that there is, and leaves out empty ones', () =>
    assert.match(
      messageOf([{ code: 'INTERNAL', message: 'it broke.' }, {}, { code: 'X' }]),
      /^Operation op-1 failed: INTERNAL it broke; X\. The reset/,
    ));
});
