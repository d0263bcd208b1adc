import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import type { Call } from '../../../src/domain/reset/hourly-limit.ts';
import { KIND, type SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { type Key, refOf } from '../../../src/lib/key.ts';
import { indexed } from '../../../src/reconcile/indexed-reset.ts';
import { ObjectIndex } from '../../../src/reconcile/object-index.ts';
import {
  aCall,
  aKey,
  anOperation,
  aRequest,
  aReset,
  at,
  dateAt,
  fingerprint,
  NOW,
  type ResetParts,
  stalledConditions,
} from '../../support/fakes/builders.ts';

const withCa = (n: number, parts: ResetParts = {}) =>
  aReset({ status: { serverCa: { sha1Fingerprint: fingerprint(n), createTime: at(n) } }, ...parts });
const names = (keys: readonly Key[]): readonly string[] => keys.map((key) => refOf(key).name);
const size = (index: ObjectIndex<SslReset>): number => [...index.summaries(KIND)].length;
const claimsOf = (index: ObjectIndex<SslReset>, reset: SslReset) =>
  index.siblingsOf(reset).operations.claims(reset.status);
const callOf = (uid: string): Call => ({ uid, timeMs: Date.parse(NOW) });

describe('what asks for a pass', () => {
  const seen = (next: ResetParts): readonly string[] => {
    const index = new ObjectIndex(indexed);
    index.apply(aReset());
    return names(index.apply(aReset(next)));
  };
  test('a new object', () => assert.deepEqual(names(new ObjectIndex(indexed).apply(aReset())), ['orders-db']));
  test('what asks for a pass: not our own status write', () =>
    assert.deepEqual(seen({ resourceVersion: '2', status: { request: aCall() } }), []));
  test('what asks for a pass: not an annotation of somebody else', () =>
    assert.deepEqual(seen({ annotations: { note: 'x' } }), []));
  test('a new generation', () => assert.deepEqual(seen({ generation: 2 }), ['orders-db']));
  test('another object of the same name', () => assert.deepEqual(seen({ uid: 'other' }), ['orders-db']));
  test('a deletion', () => assert.deepEqual(seen({ deletionTimestamp: NOW }), ['orders-db']));
  for (const key of ['suspend', 'retry'] as const) {
    test(`the annotation ${key}`, () =>
      assert.deepEqual(seen({ annotations: { [annotations[key]]: 'true' } }), ['orders-db']));
  }
  test('a status that somebody has wiped, once', () => {
    const index = new ObjectIndex(indexed);
    index.apply(aReset({ status: { request: aCall() } }));
    assert.deepEqual(names(index.apply(aReset({ resourceVersion: '2' }))), ['orders-db']);
    assert.deepEqual(names(index.apply(aReset({ resourceVersion: '2' }))), []);
  });
  test('another CA of one object: all others of the instance', () => {
    const index = new ObjectIndex(indexed);
    for (const name of ['a', 'b']) index.apply(withCa(1, { name }));
    index.apply(aReset({ name: 'elsewhere', spec: { instance: 'another' } }));
    index.apply(aReset());
    assert.deepEqual(names(index.apply(withCa(2))), ['a', 'b']);
    assert.deepEqual(names(index.apply(withCa(2, { resourceVersion: '9' }))), [], 'once');
  });
});

describe('what is at its end', () => {
  const complete = (parts: ResetParts = {}, n = 1) => {
    const conditions = [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Complete',
        message: '',
        lastTransitionTime: NOW,
        observedGeneration: 1,
      },
    ] as const;
    const serverCa = { sha1Fingerprint: fingerprint(n), createTime: at(n) };
    return aReset({ status: { request: aRequest({ outcome: 'AlreadyDone' }), conditions, serverCa }, ...parts });
  };
  const replaced = (...resets: readonly SslReset[]) => {
    const index = new ObjectIndex(indexed);
    const asked = names(index.replace(KIND, resets.map(indexed)));
    return { index, asked, due: names(index.due) };
  };

  test('what is at its end asks for no pass when a process begins', () => {
    const { asked, due, index } = replaced(complete({ name: 'a' }), complete({ name: 'b' }), aReset({ name: 'new' }));
    assert.deepEqual([asked, due, size(index)], [['new'], ['new'], 3]);
  });
  test('what is at its end asks for one where another object has a later CA, whichever is seen first', () => {
    const [old, later] = [complete({ name: 'old' }), complete({ name: 'later' }, 2)];
    assert.deepEqual([replaced(old, later).asked, replaced(old, later).due], [['old'], ['old']]);
    assert.deepEqual([replaced(later, old).asked, replaced(later, old).due], [['old'], ['old']]);
  });
  test('what is at its end is not woken by the same CA of another object', () => {
    const { index } = replaced(complete({ name: 'a' }));
    assert.deepEqual(names(index.apply(complete({ name: 'b' }))), []);
  });
  test('what is at its end asks for one when who led before has begun something that no change of the object tells', () => {
    const { index } = replaced(complete());
    const begun = { status: { request: aRequest({ outcome: 'AlreadyDone' }) } };
    assert.deepEqual(names(index.apply(aReset(begun))), ['orders-db']);
    assert.deepEqual(names(index.apply(aReset(begun))), []);
  });
  test('what is at its end has no high priority any more', () => {
    const { index } = replaced(
      complete({ name: 'a' }),
      aReset({ name: 'b' }),
      aReset({ name: 'c', status: { request: aCall() } }),
    );
    assert.deepEqual(
      ['a', 'b', 'c', 'gone'].map((name) => index.priorityOf(aKey(`orders/${name}`))),
      ['Low', 'Low', 'High', 'Low'],
    );
  });
});

describe('the others of an instance', () => {
  test('one with a CA made later makes the CA of this one an old one', () => {
    const index = new ObjectIndex(indexed);
    index.apply(withCa(2, { name: 'a' }));
    assert.equal(index.siblingsOf(withCa(1)).makeOutdated(), true);
    assert.equal(index.siblingsOf(withCa(2)).makeOutdated(), false);
    assert.equal(index.siblingsOf(withCa(3)).makeOutdated(), false);
    assert.equal(index.siblingsOf(aReset()).makeOutdated(), false, 'what has read no CA yet has no old one');
    assert.equal(index.siblingsOf(withCa(1, { spec: { instance: 'another' } })).makeOutdated(), false);
  });
  test('one that has read another CA later makes the CA of this one an old one, whenever the CAs were made', () => {
    const read = (n: number, second: number, name = 'orders-db') =>
      aReset({
        name,
        status: { serverCa: { sha1Fingerprint: fingerprint(n), createTime: at(n), readTime: at(second) } },
      });
    const index = new ObjectIndex(indexed);
    index.apply(read(1, 20, 'a'));
    assert.equal(index.siblingsOf(read(2, 10)).makeOutdated(), true);
    assert.equal(index.siblingsOf(read(2, 30)).makeOutdated(), false);
    assert.equal(index.siblingsOf(read(1, 10)).makeOutdated(), false, 'it has the same');
    assert.equal(index.siblingsOf(withCa(2)).makeOutdated(), true, 'a status of before tells no time');
  });
  test('the others of an instance read the CAs at times that follow each other, whatever the clocks say', () => {
    const ca = { sha1Fingerprint: fingerprint(1), createTime: at(1) };
    const index = new ObjectIndex(indexed);
    index.apply(aReset({ name: 'a', status: { serverCa: { ...ca, readTime: at(600) } } }));
    assert.equal(Date.parse(index.timeOfRead(aReset(), dateAt(0))), dateAt(600).getTime() + 1);
    assert.equal(Date.parse(index.timeOfRead(aReset(), dateAt(700))), dateAt(700).getTime());
  });
  test('a write that is heard of after a later version takes nothing back, so that the next change is seen', () => {
    const suspended = (value: string, resourceVersion: string) =>
      aReset({ resourceVersion, annotations: { [annotations.suspend]: value } });
    const index = new ObjectIndex(indexed);
    index.apply(suspended('true', '12'));
    assert.deepEqual(index.applyOwnWrite(suspended('false', '9')), []);
    assert.equal(index.apply(suspended('false', '13')).length, 1);
    assert.equal(
      index.applyOwnWrite(aReset({ uid: 'another', resourceVersion: '8' })).length,
      1,
      'of another object of the name',
    );
  });
  test('a version that the watch shows after a later own write takes nothing back of a call that others wait for', () => {
    const calling = (resourceVersion: string, parts: object) =>
      aReset({ name: 'a', resourceVersion, status: { request: aCall({ outcome: 'Accepted', ...parts }) } });
    const index = new ObjectIndex(indexed);
    index.apply(aReset({ name: 'a', resourceVersion: '2' }));
    index.applyOwnWrite(calling('9', {}));
    assert.deepEqual(index.apply(aReset({ name: 'a', resourceVersion: '3' })), []);
    assert.equal(index.siblingsOf(aReset({ name: 'b' })).withUnseenCa().length, 1);
    index.replace(KIND, [indexed(aReset({ name: 'a', resourceVersion: '4' }))]);
    assert.equal(index.siblingsOf(aReset({ name: 'b' })).withUnseenCa().length, 0, 'after a restore');
  });
  test('an unresolved one is told, unless it is being deleted; never this one itself', () => {
    const unresolved = { status: { request: aCall() } };
    const index = new ObjectIndex(indexed);
    index.apply(aReset(unresolved));
    assert.equal(index.siblingsOf(aReset()).toWaitFor().length > 0, false);
    assert.equal(index.siblingsOf(aReset({ name: 'b' })).toWaitFor().length > 0, true);
    index.apply(aReset({ ...unresolved, deletionTimestamp: NOW }));
    assert.equal(index.siblingsOf(aReset({ name: 'b' })).toWaitFor().length > 0, false);
  });
  test('one whose next attempt follows a call in doubt goes first, unless it waits for a person', () => {
    const request = { ...aCall(), outcome: 'NotSent', inDoubt: true };
    const waitsFor = (parts: ResetParts): boolean => {
      const index = new ObjectIndex(indexed);
      index.apply(aReset({ status: { request }, ...parts }));
      return index.siblingsOf(aReset({ name: 'b' })).toWaitFor().length > 0;
    };
    assert.equal(waitsFor({}), true);
    assert.equal(waitsFor({ annotations: { [annotations.suspend]: 'true' } }), false);
    assert.equal(waitsFor({ status: { request: { ...request, outcome: 'Accepted' } } }), false);
    assert.equal(waitsFor({ deletionTimestamp: NOW }), false);
  });
  test('the others of an instance of two calls in doubt exactly one goes first', () => {
    const request = { ...aCall(), outcome: 'NotSent', inDoubt: true };
    const [one, two] = ['a', 'b'].map((name) => aReset({ name, uid: `uid-${name}`, status: { request } }));
    const index = new ObjectIndex(indexed);
    index.replace(KIND, [one, two].filter((reset) => reset !== undefined).map(indexed));
    assert.deepEqual(
      [one, two].map((reset) => reset && index.siblingsOf(reset).toWaitFor().length > 0),
      [false, true],
    );
  });
  test('the operations of the others of an instance are claimed, and not the own one', () => {
    const index = new ObjectIndex(indexed);
    index.apply(aReset({ name: 'a', status: { operation: anOperation({ name: 'op-a' }) } }));
    index.apply(aReset({ status: { operation: anOperation({ name: 'op-own' }) } }));
    assert.deepEqual([...claimsOf(index, aReset()).resets], ['op-a']);
  });
  test('a reset of one outdates the client certificates that took no account of it, and wakes their object', () => {
    const done = (second: number) => ({
      request: aRequest({ outcome: 'Accepted', doneTime: at(second) }),
      operation: anOperation({ status: 'DONE', endTime: at(second) }),
    });
    const issued = (seen?: number) =>
      aReset({
        status: {
          request: aRequest({
            outcome: 'AlreadyDone',
            issuedTime: NOW,
            ...(seen !== undefined && { otherResetTime: at(seen) }),
          }),
        },
      });
    const index = new ObjectIndex(indexed);
    index.apply(issued());
    assert.equal(index.siblingsOf(issued()).makeOutdated(), false);
    const woken = index.apply(aReset({ name: 'a', status: done(5) }));
    assert.deepEqual(names(woken), ['a', aReset().metadata.name]);
    assert.equal(Date.parse(index.siblingsOf(aReset()).lastReset() ?? ''), Date.parse(at(5)));
    assert.equal(index.siblingsOf(issued()).makeOutdated(), true);
    assert.equal(index.siblingsOf(issued(4)).makeOutdated(), true);
    assert.equal(index.siblingsOf(issued(5)).makeOutdated(), false);
    assert.equal(index.siblingsOf(aReset()).makeOutdated(), false, 'what has issued none has none to lose');
  });
  test('what issued or deleted their client certificates is claimed for certain, and is no reset', () => {
    const index = new ObjectIndex(indexed);
    index.apply(
      aReset({ name: 'a', status: { request: aRequest({ inDoubt: true, certificateOperations: ['op-c'] }) } }),
    );
    const { resets, all, answered } = claimsOf(index, aReset());
    assert.deepEqual([[...resets], [...all], [...answered]], [[], ['op-c'], ['op-c']]);
  });
  test('the operations of its own client certificates are claimed too: none of them is its reset', () => {
    const { all, answered } = claimsOf(
      new ObjectIndex(indexed),
      aReset({ status: { request: aRequest({ certificateOperations: ['op-c'] }) } }),
    );
    assert.deepEqual([[...all], [...answered]], [['op-c'], ['op-c']]);
  });
  test('the others of an instance hold the operations of their requests that are over; one that no answer named is no certain claim', () => {
    const index = new ObjectIndex(indexed);
    const ended = (operation: string) => ({ generation: 1, outcome: 'Superseded', operation });
    const history = [{ ...ended('op-1'), answered: true }, ended('op-2')];
    index.apply(aReset({ name: 'a', status: { history } }));
    const { resets, all, answered } = claimsOf(index, aReset());
    assert.deepEqual([[...resets], [...all], [...answered]], [['op-1', 'op-2'], ['op-1', 'op-2'], ['op-1']]);
    const own = claimsOf(index, aReset({ name: 'a', status: { history } }));
    assert.deepEqual([[...own.resets], [...own.all], [...own.answered]], [[], ['op-1', 'op-2'], ['op-1']]);
  });
  test('the others of an instance hold for certain the operation that an answer named after an earlier call got none', () => {
    const claimsBeside = (request: Parameters<typeof aCall>[0]) => {
      const index = new ObjectIndex(indexed);
      index.apply(aReset({ name: 'a', status: { operation: anOperation(), request: aCall(request) } }));
      return [...claimsOf(index, aReset()).answered];
    };
    assert.deepEqual(claimsBeside({ outcome: 'Accepted', inDoubt: true, answered: true }), ['op-1']);
    assert.deepEqual(claimsBeside({ outcome: 'Accepted', inDoubt: true }), []);
    assert.deepEqual(claimsBeside({ outcome: 'Accepted' }), ['op-1']);
    assert.deepEqual(claimsBeside({}), [], 'a retry after a failed operation that was found');
  });
  test('the others of an instance are those that still exist', () => {
    const index = new ObjectIndex(indexed);
    index.apply(withCa(2, { name: 'a' }));
    index.remove(aKey('orders/a'));
    assert.equal(index.siblingsOf(withCa(1)).makeOutdated(), false);
    index.apply(withCa(2, { name: 'a' }));
    index.replace(KIND, [indexed(withCa(1))]);
    assert.equal(index.siblingsOf(withCa(1)).makeOutdated(), false);
    assert.equal(size(index), 1);
  });
  test('the set of one namespace leaves the others as they are', () => {
    const index = new ObjectIndex(indexed);
    index.apply(withCa(2, { namespace: 'billing', name: 'a' }));
    index.replace(KIND, [indexed(withCa(1))], 'orders');
    assert.equal(index.siblingsOf(withCa(1)).makeOutdated(), true);
  });
});

describe('the group of an instance', () => {
  const index = new ObjectIndex(indexed);
  index.apply(aReset({ name: 'a', status: { request: aCall() } }));
  index.apply(aReset({ namespace: 'billing', name: 'b', status: { request: aCall({ outcome: 'Accepted' }) } }));
  index.apply(aReset({ name: 'c', spec: { instance: 'another' } }));
  index.apply(aReset({ name: 'new' }));
  test('the group of an instance is shared by its objects, whatever their namespace', () => {
    assert.equal(index.groupOf(aKey('orders/a')), index.groupOf(aKey('billing/b')));
    assert.notEqual(index.groupOf(aKey('orders/a')), index.groupOf(aKey('orders/c')));
    assert.equal(index.groupOf(aKey('orders/unknown')), undefined);
  });
  test('the group of an instance holds an object that has not begun only where it is the only one, or once it is admitted', () => {
    assert.notEqual(index.groupOf(aKey('orders/c')), undefined);
    assert.equal(index.groupOf(aKey('orders/new')), undefined);
    index.admit(aReset({ name: 'new' }));
    assert.equal(index.groupOf(aKey('orders/new')), index.groupOf(aKey('orders/a')));
    index.dismiss(aReset({ name: 'new' }));
    assert.equal(index.groupOf(aKey('orders/new')), undefined);
  });
  test('the group of an instance does not hold an object that was Ready, and whose namespace is not allowed the instance any more', () => {
    const request = aRequest({ outcome: 'AlreadyDone' });
    index.apply(aReset({ name: 'barred', status: { request, conditions: stalledConditions('NotPermitted') } }));
    assert.equal(index.groupOf(aKey('orders/barred')), undefined);
  });
  test('the group of an instance is admitted to again where another object takes the name', () => {
    index.apply(aReset({ name: 'again' }));
    index.admit(aReset({ name: 'again' }));
    index.remove(aKey('orders/again'));
    index.apply(aReset({ name: 'again', uid: 'other' }));
    assert.equal(index.groupOf(aKey('orders/again')), undefined);
  });
});

describe('the calls of the last hour', () => {
  test('the calls of the last hour are those of all objects and of this process, each once', () => {
    const index = new ObjectIndex(indexed);
    index.apply(aReset({ name: 'a', status: { request: aCall() } }));
    index.calls.note(callOf('uid-of-a'));
    index.calls.note(callOf('uid-of-b'));
    assert.equal(index.calls.count(dateAt(1)), 2);
    assert.equal(index.calls.count(dateAt(3600)), 0);
  });
  test('the calls of the last hour are without those known not to have been executed', () => {
    const index = new ObjectIndex(indexed);
    index.calls.note(callOf('uid-of-b'));
    index.calls.forget(callOf('uid-of-b'));
    assert.equal(index.calls.count(dateAt(1)), 0);
  });
  test('the calls of the last hour of this process outlive the object', () => {
    const index = new ObjectIndex(indexed);
    index.apply(aReset({ status: { request: aCall() } }));
    index.calls.note(callOf('uid-of-orders-db'));
    index.remove(aKey('orders/orders-db'));
    assert.equal(index.calls.count(dateAt(1)), 1);
  });
});

describe('an issue of a client certificate', () => {
  const issuing = { clientCertificates: [{ commonName: 'app', issuing: { time: NOW } }] };
  const fleetOf = (...parts: readonly ResetParts[]): ObjectIndex<SslReset> => {
    const index = new ObjectIndex(indexed);
    for (const each of parts) index.apply(aReset(each));
    return index;
  };
  const inDoubt = { request: aCall({ outcome: 'NotSent', inDoubt: true }) };

  test('an issue of a client certificate that is open holds back the first call of another object', () =>
    assert.ok(fleetOf({ name: 'issues', status: issuing }).siblingsOf(aReset()).toWaitFor().length > 0));
  test('an issue of a client certificate that is open does not hold back a call in doubt, which it waits for itself', () =>
    assert.ok(
      fleetOf({ name: 'issues', status: issuing })
        .siblingsOf(aReset({ status: inDoubt }))
        .toWaitFor().length === 0,
    ));
  test('an issue of a client certificate that is open of an object being deleted holds nobody back', () =>
    assert.ok(
      fleetOf({ name: 'issues', deletionTimestamp: NOW, status: issuing }).siblingsOf(aReset()).toWaitFor().length ===
        0,
    ));
  test('an issue of a client certificate is not begun beside a call of another object that is unresolved or in doubt', () => {
    assert.ok(
      fleetOf({ name: 'calls', status: { request: aCall() } })
        .siblingsOf(aReset())
        .inDoubt().length > 0,
    );
    assert.ok(fleetOf({ name: 'calls', status: inDoubt }).siblingsOf(aReset()).inDoubt().length > 0);
  });
  test('an issue of a client certificate is begun beside one that is settled', () =>
    assert.ok(
      fleetOf({ name: 'calls', status: { request: aCall({ outcome: 'Accepted' }) } })
        .siblingsOf(aReset())
        .inDoubt().length === 0,
    ));
});
