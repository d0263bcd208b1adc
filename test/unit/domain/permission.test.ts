import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { annotations } from '../../../src/domain/object.ts';
import {
  type AllowedInstances,
  matchesGlob,
  parsePatterns,
  permission,
  type Right,
} from '../../../src/domain/permission.ts';

const letters = (alphabet: string) =>
  fc.array(fc.constantFrom(...alphabet), { maxLength: 10 }).map((each) => each.join(''));

/** The words of the definition, as slow as they are. */
function matchesByDefinition(pattern: string, text: string): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text === '';
  if (first !== '*') return text[0] === first && matchesByDefinition(rest.join(''), text.slice(1));
  if (matchesByDefinition(rest.join(''), text)) return true;
  return text !== '' && text[0] !== '/' && matchesByDefinition(pattern, text.slice(1));
}

describe('globs of allowed instances', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['acme/orders', 'acme/orders', true],
    ['acme/orders', 'acme/orders-2', false],
    ['acme/orders', 'my-acme/orders', false],
    ['acme/*', 'acme/orders', true],
    ['acme/orders-*', 'acme/orders-eu', true],
    ['acme/*-db', 'acme/orders-eu-db', true],
    ['*/*', 'acme/orders', true],
    ['*', 'acme/orders', false],
    ['acme*', 'acme/orders', false],
    ['acme/order?', 'acme/orders', false],
    ['acme/order.', 'acme/orders', false],
    ['acme/[a-z]*', 'acme/orders', false],
    ['example.com:acme/*', 'example.com:acme/orders', true],
    ['example.com:acme/*', 'exampleXcom:acme/orders', false],
    ['', 'acme/orders', false],
    ['', '', true],
    ['acme/orders*', 'acme/orders', true],
    ['acme/*******', 'acme/orders', true],
    ['acme/**a**b**', 'acme/ba', false],
    ['acme/aba*aba', 'acme/ababa', false],
    ['acme/*ab*ab*', 'acme/abab', true],
    ['acme/*/orders', 'acme/orders', false],
  ];
  for (const [pattern, text, matches] of rows) {
    test(`'${pattern}' ${matches ? 'matches' : 'does not match'} '${text}'`, () =>
      assert.equal(matchesGlob(pattern, text), matches));
  }
  test('a glob matches what its definition says, letter by letter, of any pattern and text', () =>
    fc.assert(
      fc.property(letters('ab/*'), letters('ab/'), (pattern, text) => {
        assert.equal(matchesGlob(pattern, text), matchesByDefinition(pattern, text));
      }),
      { numRuns: 2000 },
    ));
  test('a glob of hundreds of stars against a long name is decided at once', () => {
    const text = `acme/${'a'.repeat(100_000)}`;
    const start = process.cpuUsage();
    for (const pattern of [
      `acme/${'*'.repeat(1000)}b`,
      `acme/${'*a'.repeat(500)}b`,
      `acme/${'a*'.repeat(500)}b`,
      `acme/${'*ab'.repeat(500)}*`,
    ]) {
      assert.equal(matchesGlob(pattern, text), false);
    }
    // By trying all ways it would be longer than the age of the universe. What other programs take is not counted.
    assert.ok(process.cpuUsage(start).user < 10_000_000);
  });
  test('a list is split at commas, without blanks and empty entries', () =>
    assert.deepEqual(parsePatterns(' a/b, c/* ,,'), ['a/b', 'c/*']));
});

describe('permission', () => {
  const ask = (allowedInstances: readonly AllowedInstances[], allowed?: string, isBeingDeleted = false) =>
    permission({
      right: 'Reset',
      namespace: 'orders',
      instance: { project: 'acme', instance: 'orders-db' },
      view: {
        annotations: allowed === undefined ? {} : { [annotations.allowedInstances]: allowed },
        isBeingDeleted,
      },
      allowedInstances,
      rotatableInstances: [{ pattern: 'acme/*' }],
      followableInstances: [{ pattern: 'acme/*' }],
    });
  const messageOf = (answer: ReturnType<typeof permission>): string => (answer.allowed ? '' : answer.message);

  test('permission is denied unless an administrator allowed it', () => assert.equal(ask([]).allowed, false));
  test('permission is given by the annotation of the namespace', () =>
    assert.ok(ask([], 'other/x, acme/orders-*').allowed));
  test('permission is given by the flag for all namespaces', () => assert.ok(ask([{ pattern: 'acme/*' }]).allowed));
  test('permission is given by the flag for this namespace', () =>
    assert.ok(ask([{ namespace: 'orders', pattern: 'acme/*' }]).allowed));
  test('permission is not given by the flag for another namespace, whose name is literal', () => {
    assert.equal(ask([{ namespace: 'billing', pattern: 'acme/*' }]).allowed, false);
    assert.equal(ask([{ namespace: '*', pattern: 'acme/*' }]).allowed, false);
  });
  test('permission is denied while the namespace is being deleted, whoever allowed it', () => {
    const answer = ask([{ pattern: 'acme/*' }], 'acme/*', true);
    assert.deepEqual(answer, { allowed: false, message: 'Namespace orders is being deleted' });
  });
  test('the denial shows the command that keeps what is allowed already', () =>
    assert.match(
      messageOf(ask([], 'other/x')),
      /kubectl annotate namespace orders --overwrite '.*=other\/x,acme\/orders-db'/,
    ));
  test('an entry that is not understood allows nothing, and the denial names it and does not keep it', () => {
    for (const entry of [
      'acme',
      '!acme/orders-db',
      '"acme/orders-db"',
      'acme/orders-?',
      'ACME/orders-db',
      'acme/orders db',
      '/',
      'a/b/c',
    ]) {
      const answer = ask([], `other/x, ${entry}`);
      assert.equal(answer.allowed, false);
      assert.ok(messageOf(answer).includes(`Not understood, and so without effect: ${JSON.stringify(entry)}`));
      assert.match(messageOf(answer), /--overwrite '\S+=other\/x,acme\/orders-db'$/);
    }
  });
  test('the flag alone decides where namespaces may not be read, and the denial says so', () => {
    const question = {
      right: 'Reset',
      namespace: 'orders',
      instance: { project: 'acme', instance: 'db' },
      view: undefined,
      rotatableInstances: [],
      followableInstances: [],
    } as const;
    assert.ok(permission({ ...question, allowedInstances: [{ pattern: 'acme/db' }] }).allowed);
    assert.match(messageOf(permission({ ...question, allowedInstances: [] })), /--allowed-instances=orders=acme\/db/);
  });
});

describe('permission to follow an instance', () => {
  const ask = (given: Readonly<Record<string, string>>, flags: Partial<Parameters<typeof permission>[0]> = {}) =>
    permission({
      right: 'Follow',
      namespace: 'orders',
      instance: { project: 'acme', instance: 'orders-db' },
      view: { annotations: given, isBeingDeleted: false },
      allowedInstances: [],
      rotatableInstances: [],
      followableInstances: [],
      ...flags,
    });

  test('permission to follow an instance is given with the permission to reset it, and by itself', () => {
    assert.ok(ask({ [annotations.allowedInstances]: 'acme/*' }).allowed);
    assert.ok(ask({ [annotations.followableInstances]: 'acme/*' }).allowed);
    assert.ok(ask({}, { allowedInstances: [{ pattern: 'acme/*' }] }).allowed);
    assert.ok(ask({}, { followableInstances: [{ namespace: 'orders', pattern: 'acme/*' }] }).allowed);
    assert.equal(ask({}, { followableInstances: [{ namespace: 'billing', pattern: 'acme/*' }] }).allowed, false);
  });

  test('permission to follow an instance allows no reset of it', () =>
    assert.equal(ask({ [annotations.followableInstances]: 'acme/*' }, { right: 'Reset' }).allowed, false));

  test('permission to follow an instance is denied with the command that gives just that', () => {
    const command =
      'kubectl annotate namespace orders --overwrite cloudsql-ssl.dev/followable-instances=acme/other,acme/orders-db';
    assert.deepEqual(ask({ [annotations.followableInstances]: 'acme/other' }), {
      allowed: false,
      message: `Namespace orders is not allowed to follow acme/orders-db. An administrator allows it with: ${command.replace('cloudsql', "'cloudsql")}'`,
    });
  });
});

describe('a right to an instance', () => {
  const ALL: readonly Right[] = ['Follow', 'Rotate', 'Reset'];
  const sources = {
    Follow: { annotation: 'cloudsql-ssl.dev/followable-instances', flag: 'followableInstances' },
    Rotate: { annotation: 'cloudsql-ssl.dev/rotatable-instances', flag: 'rotatableInstances' },
    Reset: { annotation: 'cloudsql-ssl.dev/allowed-instances', flag: 'allowedInstances' },
  } as const;
  const heldWith = (given: Partial<Parameters<typeof permission>[0]>) =>
    ALL.filter(
      (right) =>
        permission({
          right,
          namespace: 'orders',
          instance: { project: 'acme', instance: 'orders-db' },
          view: { annotations: {}, isBeingDeleted: false },
          allowedInstances: [],
          rotatableInstances: [],
          followableInstances: [],
          ...given,
        }).allowed,
    );
  const HELD: readonly (readonly [Right, readonly Right[]])[] = [
    ['Follow', ['Follow']],
    ['Rotate', ['Follow', 'Rotate']],
    ['Reset', ['Follow', 'Rotate', 'Reset']],
  ];
  for (const [right, held] of HELD) {
    test(`a right to an instance: ${right} gives ${held.join(', ')} and no more, by annotation and by flag`, () => {
      const { annotation, flag } = sources[right];
      const view = { annotations: { [annotation]: 'acme/orders-*' }, isBeingDeleted: false };
      assert.deepEqual(heldWith({ view }), held);
      assert.deepEqual(heldWith({ [flag]: [{ pattern: 'acme/*' }] }), held);
      assert.deepEqual(heldWith({ [flag]: [{ namespace: 'billing', pattern: 'acme/*' }] }), []);
    });
  }
});
