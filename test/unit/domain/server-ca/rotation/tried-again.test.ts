import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Rotation } from '../../../../../src/domain/server-ca/rotation/rotation.ts';
import { ROTATION_STALLED } from '../../../../../src/domain/server-ca/rotation/stalled.ts';
import { isTriedAgain } from '../../../../../src/domain/server-ca/rotation/tried-again.ts';
import { at, dateAt } from '../../../../support/fakes/builders.ts';

const HOUR_S = 3_600;

/** One that has stalled just now, for the last of so many times in a row. */
const stalled = (reason: string, rest: Partial<Rotation> = {}): Rotation => ({
  cause: 'Expiry',
  stalled: { reason, message: '', time: at(0) },
  ...rest,
});

describe('a rotation that has stalled', () => {
  for (const [stalls, hours] of [
    [undefined, 1],
    [1, 1],
    [2, 2],
    [3, 4],
    [4, 8],
    [5, 16],
    [6, 24],
    [7, 24],
    [1_000, 24],
  ] as const) {
    const times = stalls ?? 'an unknown number of';
    test(`a rotation by expiry that has stalled ${times} times in a row is tried again after ${hours} h, and not before`, () => {
      const rotation = stalled('DeadlineExceeded', stalls === undefined ? {} : { stalls });
      const againMs = dateAt(hours * HOUR_S).getTime();
      assert.equal(isTriedAgain(rotation, dateAt(0)), againMs);
      assert.equal(isTriedAgain(rotation, dateAt(hours * HOUR_S - 1)), againMs);
      assert.equal(isTriedAgain(rotation, dateAt(hours * HOUR_S)), true);
    });
  }

  const NEVER = ['RotationRolledBack', 'OutcomeUnknown', 'InvalidRequest', 'NotRotatable'];
  for (const reason of Object.keys(ROTATION_STALLED)) {
    const isNever = NEVER.includes(reason);
    test(`a rotation by expiry that has stalled by ${reason} is ${isNever ? 'never tried again by itself' : 'tried again'}`, () => {
      assert.equal(isTriedAgain(stalled(reason), dateAt(1_000 * HOUR_S)), !isNever);
    });
  }

  for (const cause of ['RequestId', 'Pin']) {
    test(`a rotation by ${cause} that has stalled waits for whoever asked for it`, () => {
      assert.equal(isTriedAgain(stalled('DeadlineExceeded', { cause }), dateAt(1_000 * HOUR_S)), false);
    });
  }

  test('a rotation that has stalled by a reason of another version is not tried again', () => {
    assert.equal(isTriedAgain(stalled('Whatever'), dateAt(1_000 * HOUR_S)), false);
  });
});
