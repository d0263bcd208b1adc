import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Call } from '../../../src/domain/blast-radius.ts';
import { annotations, type SslReset } from '../../../src/domain/ssl-reset.ts';
import { Fleet } from '../../../src/reconcile/fleet.ts';
import { memberOf } from '../../../src/reconcile/member.ts';
import {
  aCall,
  anOperation,
  aRequest,
  aReset,
  at,
  dateAt,
  fingerprint,
  NOW,
  type ResetParts,
  stalledConditions,
} from '../support/builders.ts';

const withCa = (n: number, parts: ResetParts = {}) =>
  aReset({ status: { serverCa: { sha1Fingerprint: fingerprint(n), createTime: at(n) } }, ...parts });
const names = (refs: readonly { readonly name: string }[]): readonly string[] => refs.map(({ name }) => name);
const size = (fleet: Fleet): number => [...fleet.standings()].length;
const callOf = (uid: string): Call => ({ uid, timeMs: Date.parse(NOW) });

describe('what asks for a pass', () => {
  const seen = (next: ResetParts): readonly string[] => {
    const fleet = new Fleet();
    fleet.apply(aReset());
    return names(fleet.apply(aReset(next)));
  };
  test('a new object', () => assert.deepEqual(names(new Fleet().apply(aReset())), ['orders-db']));
  test('not our own status write', () =>
    assert.deepEqual(seen({ resourceVersion: '2', status: { request: aCall() } }), []));
  test('not an annotation of somebody else', () => assert.deepEqual(seen({ annotations: { note: 'x' } }), []));
  test('a new generation', () => assert.deepEqual(seen({ generation: 2 }), ['orders-db']));
  test('another object of the same name', () => assert.deepEqual(seen({ uid: 'other' }), ['orders-db']));
  test('a deletion', () => assert.deepEqual(seen({ deletionTimestamp: NOW }), ['orders-db']));
  for (const key of ['suspend', 'retry'] as const) {
    test(`the annotation ${key}`, () =>
      assert.deepEqual(seen({ annotations: { [annotations[key]]: 'true' } }), ['orders-db']));
  }
  test('a status that somebody has wiped, once', () => {
    const fleet = new Fleet();
    fleet.apply(aReset({ status: { request: aCall() } }));
    assert.deepEqual(names(fleet.apply(aReset({ resourceVersion: '2' }))), ['orders-db']);
    assert.deepEqual(names(fleet.apply(aReset({ resourceVersion: '2' }))), []);
  });
  test('another CA of one object: all others of the instance', () => {
    const fleet = new Fleet();
    for (const name of ['a', 'b']) fleet.apply(withCa(1, { name }));
    fleet.apply(aReset({ name: 'elsewhere', spec: { instance: 'another' } }));
    fleet.apply(aReset());
    assert.deepEqual(names(fleet.apply(withCa(2))), ['a', 'b']);
    assert.deepEqual(names(fleet.apply(withCa(2, { resourceVersion: '9' }))), [], 'once');
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
    const fleet = new Fleet();
    const asked = names(fleet.replace(resets.map(memberOf)));
    return { fleet, asked, due: names(fleet.due) };
  };

  test('asks for no pass when a process begins', () => {
    const { asked, due, fleet } = replaced(complete({ name: 'a' }), complete({ name: 'b' }), aReset({ name: 'new' }));
    assert.deepEqual([asked, due, size(fleet)], [['new'], ['new'], 3]);
  });
  test('asks for one where another object has a later CA, whichever is seen first', () => {
    const [old, later] = [complete({ name: 'old' }), complete({ name: 'later' }, 2)];
    assert.deepEqual([replaced(old, later).asked, replaced(old, later).due], [['old'], ['old']]);
    assert.deepEqual([replaced(later, old).asked, replaced(later, old).due], [['old'], ['old']]);
  });
  test('is not woken by the same CA of another object', () => {
    const { fleet } = replaced(complete({ name: 'a' }));
    assert.deepEqual(names(fleet.apply(complete({ name: 'b' }))), []);
  });
  test('asks for one when who led before has begun something that no change of the object tells', () => {
    const { fleet } = replaced(complete());
    const begun = { status: { request: aRequest({ outcome: 'AlreadyDone' }) } };
    assert.deepEqual(names(fleet.apply(aReset(begun))), ['orders-db']);
    assert.deepEqual(names(fleet.apply(aReset(begun))), []);
  });
  test('is not under way any more', () => {
    const { fleet } = replaced(
      complete({ name: 'a' }),
      aReset({ name: 'b' }),
      aReset({ name: 'c', status: { request: aCall() } }),
    );
    assert.deepEqual(
      ['a', 'b', 'c', 'gone'].map((name) => fleet.isUnderWay(`orders/${name}`)),
      [false, false, true, false],
    );
  });
});

describe('the others of an instance', () => {
  test('one with a CA made later makes the CA of this one an old one', () => {
    const fleet = new Fleet();
    fleet.apply(withCa(2, { name: 'a' }));
    assert.equal(fleet.isOutdated(withCa(1)), true);
    assert.equal(fleet.isOutdated(withCa(2)), false);
    assert.equal(fleet.isOutdated(withCa(3)), false);
    assert.equal(fleet.isOutdated(aReset()), false, 'what has read no CA yet has no old one');
    assert.equal(fleet.isOutdated(withCa(1, { spec: { instance: 'another' } })), false);
  });
  test('one that has read another CA later makes the CA of this one an old one, whenever the CAs were made', () => {
    const read = (n: number, second: number, name = 'orders-db') =>
      aReset({
        name,
        status: { serverCa: { sha1Fingerprint: fingerprint(n), createTime: at(n), readTime: at(second) } },
      });
    const fleet = new Fleet();
    fleet.apply(read(1, 20, 'a'));
    assert.equal(fleet.isOutdated(read(2, 10)), true);
    assert.equal(fleet.isOutdated(read(2, 30)), false);
    assert.equal(fleet.isOutdated(read(1, 10)), false, 'it has the same');
    assert.equal(fleet.isOutdated(withCa(2)), true, 'a status of before tells no time');
  });
  test('read the CAs at times that follow each other, whatever the clocks say', () => {
    const ca = { sha1Fingerprint: fingerprint(1), createTime: at(1) };
    const fleet = new Fleet();
    fleet.apply(aReset({ name: 'a', status: { serverCa: { ...ca, readTime: at(600) } } }));
    assert.equal(Date.parse(fleet.timeOfRead(aReset(), dateAt(0))), dateAt(600).getTime() + 1);
    assert.equal(Date.parse(fleet.timeOfRead(aReset(), dateAt(700))), dateAt(700).getTime());
  });
  test('a write that is heard of after a later version takes nothing back, so that the next change is seen', () => {
    const suspended = (value: string, resourceVersion: string) =>
      aReset({ resourceVersion, annotations: { [annotations.suspend]: value } });
    const fleet = new Fleet();
    fleet.apply(suspended('true', '12'));
    assert.deepEqual(fleet.wrote(suspended('false', '9')), []);
    assert.equal(fleet.apply(suspended('false', '13')).length, 1);
    assert.equal(
      fleet.wrote(aReset({ uid: 'another', resourceVersion: '8' })).length,
      1,
      'of another object of the name',
    );
  });
  test('an unresolved one is told, unless it is being deleted; never this one itself', () => {
    const unresolved = { status: { request: aCall() } };
    const fleet = new Fleet();
    fleet.apply(aReset(unresolved));
    assert.equal(fleet.mustWaitForSibling(aReset()), false);
    assert.equal(fleet.mustWaitForSibling(aReset({ name: 'b' })), true);
    fleet.apply(aReset({ ...unresolved, deletionTimestamp: NOW }));
    assert.equal(fleet.mustWaitForSibling(aReset({ name: 'b' })), false);
  });
  test('one whose next attempt follows a call in doubt goes first, unless it waits for a person', () => {
    const request = { ...aCall(), outcome: 'NotSent', inDoubt: true };
    const waitsFor = (parts: ResetParts): boolean => {
      const fleet = new Fleet();
      fleet.apply(aReset({ status: { request }, ...parts }));
      return fleet.mustWaitForSibling(aReset({ name: 'b' }));
    };
    assert.equal(waitsFor({}), true);
    assert.equal(waitsFor({ annotations: { [annotations.suspend]: 'true' } }), false);
    assert.equal(waitsFor({ status: { request: { ...request, outcome: 'Accepted' } } }), false);
    assert.equal(waitsFor({ deletionTimestamp: NOW }), false);
  });
  test('of two calls in doubt exactly one goes first', () => {
    const request = { ...aCall(), outcome: 'NotSent', inDoubt: true };
    const [one, two] = ['a', 'b'].map((name) => aReset({ name, uid: `uid-${name}`, status: { request } }));
    const fleet = new Fleet();
    fleet.replace([one, two].filter((reset) => reset !== undefined).map(memberOf));
    assert.deepEqual(
      [one, two].map((reset) => reset && fleet.mustWaitForSibling(reset)),
      [false, true],
    );
  });
  test('their operations are claimed, not the own one', () => {
    const fleet = new Fleet();
    fleet.apply(aReset({ name: 'a', status: { operation: anOperation({ name: 'op-a' }) } }));
    fleet.apply(aReset({ status: { operation: anOperation({ name: 'op-own' }) } }));
    assert.deepEqual([...fleet.claims(aReset()).resets], ['op-a']);
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
    const fleet = new Fleet();
    fleet.apply(issued());
    assert.equal(fleet.isOutdated(issued()), false);
    const woken = fleet.apply(aReset({ name: 'a', status: done(5) }));
    assert.deepEqual(
      woken.map(({ name }) => name),
      ['a', aReset().metadata.name],
    );
    assert.equal(Date.parse(fleet.lastResetOfOthers(aReset()) ?? ''), Date.parse(at(5)));
    assert.equal(fleet.isOutdated(issued()), true);
    assert.equal(fleet.isOutdated(issued(4)), true);
    assert.equal(fleet.isOutdated(issued(5)), false);
    assert.equal(fleet.isOutdated(aReset()), false, 'what has issued none has none to lose');
  });
  test('what issued or deleted their client certificates is claimed for certain, and is no reset', () => {
    const fleet = new Fleet();
    fleet.apply(
      aReset({ name: 'a', status: { request: aRequest({ inDoubt: true, certificateOperations: ['op-c'] }) } }),
    );
    const { resets, all, answered } = fleet.claims(aReset());
    assert.deepEqual([[...resets], [...all], [...answered]], [[], ['op-c'], ['op-c']]);
  });
  test('the operations of its own client certificates are claimed too: none of them is its reset', () => {
    const { all, answered } = new Fleet().claims(
      aReset({ status: { request: aRequest({ certificateOperations: ['op-c'] }) } }),
    );
    assert.deepEqual([[...all], [...answered]], [['op-c'], ['op-c']]);
  });
  test('hold the operations of their requests that are over; one that no answer named is no certain claim', () => {
    const fleet = new Fleet();
    const ended = (operation: string) => ({ generation: 1, outcome: 'Superseded', operation });
    const history = [{ ...ended('op-1'), answered: true }, ended('op-2')];
    fleet.apply(aReset({ name: 'a', status: { history } }));
    const { resets, all, answered } = fleet.claims(aReset());
    assert.deepEqual([[...resets], [...all], [...answered]], [['op-1', 'op-2'], ['op-1', 'op-2'], ['op-1']]);
    const own = fleet.claims(aReset({ name: 'a', status: { history } }));
    assert.deepEqual([[...own.resets], [...own.all], [...own.answered]], [[], ['op-1', 'op-2'], ['op-1']]);
  });
  test('hold for certain the operation that an answer named after an earlier call got none', () => {
    const claimsBeside = (request: Parameters<typeof aCall>[0]) => {
      const fleet = new Fleet();
      fleet.apply(aReset({ name: 'a', status: { operation: anOperation(), request: aCall(request) } }));
      return [...fleet.claims(aReset()).answered];
    };
    assert.deepEqual(claimsBeside({ outcome: 'Accepted', inDoubt: true, answered: true }), ['op-1']);
    assert.deepEqual(claimsBeside({ outcome: 'Accepted', inDoubt: true }), []);
    assert.deepEqual(claimsBeside({ outcome: 'Accepted' }), ['op-1']);
    assert.deepEqual(claimsBeside({}), [], 'a retry after a failed operation that was found');
  });
  test('are those that still exist', () => {
    const fleet = new Fleet();
    fleet.apply(withCa(2, { name: 'a' }));
    fleet.remove('orders/a');
    assert.equal(fleet.isOutdated(withCa(1)), false);
    fleet.apply(withCa(2, { name: 'a' }));
    fleet.replace([memberOf(withCa(1))]);
    assert.equal(fleet.isOutdated(withCa(1)), false);
    assert.equal(size(fleet), 1);
  });
  test('the set of one namespace leaves the others as they are', () => {
    const fleet = new Fleet();
    fleet.apply(withCa(2, { namespace: 'billing', name: 'a' }));
    fleet.replace([memberOf(withCa(1))], 'orders');
    assert.equal(fleet.isOutdated(withCa(1)), true);
  });
});

describe('the lane of an instance', () => {
  const fleet = new Fleet();
  fleet.apply(aReset({ name: 'a', status: { request: aCall() } }));
  fleet.apply(aReset({ namespace: 'billing', name: 'b', status: { request: aCall({ outcome: 'Accepted' }) } }));
  fleet.apply(aReset({ name: 'c', spec: { instance: 'another' } }));
  fleet.apply(aReset({ name: 'new' }));
  test('is shared by its objects, whatever their namespace', () => {
    assert.equal(fleet.laneOf('orders/a'), fleet.laneOf('billing/b'));
    assert.notEqual(fleet.laneOf('orders/a'), fleet.laneOf('orders/c'));
    assert.equal(fleet.laneOf('orders/unknown'), undefined);
  });
  test('holds an object that has not begun only where it is the only one, or once it is admitted', () => {
    assert.notEqual(fleet.laneOf('orders/c'), undefined);
    assert.equal(fleet.laneOf('orders/new'), undefined);
    fleet.admit(aReset({ name: 'new' }));
    assert.equal(fleet.laneOf('orders/new'), fleet.laneOf('orders/a'));
    fleet.dismiss(aReset({ name: 'new' }));
    assert.equal(fleet.laneOf('orders/new'), undefined);
  });
  test('does not hold an object that was Ready, and whose namespace is not allowed the instance any more', () => {
    const request = aRequest({ outcome: 'AlreadyDone' });
    fleet.apply(aReset({ name: 'barred', status: { request, conditions: stalledConditions('NotPermitted') } }));
    assert.equal(fleet.laneOf('orders/barred'), undefined);
  });
  test('is admitted to anew where another object takes the name', () => {
    fleet.apply(aReset({ name: 'again' }));
    fleet.admit(aReset({ name: 'again' }));
    fleet.remove('orders/again');
    fleet.apply(aReset({ name: 'again', uid: 'other' }));
    assert.equal(fleet.laneOf('orders/again'), undefined);
  });
});

describe('the calls of the last hour', () => {
  test('are those of all objects and of this process, each once', () => {
    const fleet = new Fleet();
    fleet.apply(aReset({ name: 'a', status: { request: aCall() } }));
    fleet.noteCall(callOf('uid-of-a'));
    fleet.noteCall(callOf('uid-of-b'));
    assert.equal(fleet.recentCalls(dateAt(1)), 2);
    assert.equal(fleet.recentCalls(dateAt(3600)), 0);
  });
  test('are without those known not to have been executed', () => {
    const fleet = new Fleet();
    fleet.noteCall(callOf('uid-of-b'));
    fleet.forgetCall(callOf('uid-of-b'));
    assert.equal(fleet.recentCalls(dateAt(1)), 0);
  });
  test('of this process outlive the object', () => {
    const fleet = new Fleet();
    fleet.apply(aReset({ status: { request: aCall() } }));
    fleet.noteCall(callOf('uid-of-orders-db'));
    fleet.remove('orders/orders-db');
    assert.equal(fleet.recentCalls(dateAt(1)), 1);
  });
});

describe('an issue of a client certificate', () => {
  const issuing = { clientCertificates: [{ commonName: 'app', issuing: { time: NOW } }] };
  const fleetOf = (...parts: readonly ResetParts[]): Fleet => {
    const fleet = new Fleet();
    for (const each of parts) fleet.apply(aReset(each));
    return fleet;
  };
  const inDoubt = { request: aCall({ outcome: 'NotSent', inDoubt: true }) };

  test('that is open holds back the first call of another object', () =>
    assert.ok(fleetOf({ name: 'issues', status: issuing }).mustWaitForSibling(aReset())));
  test('that is open does not hold back a call in doubt, which it waits for itself', () =>
    assert.ok(!fleetOf({ name: 'issues', status: issuing }).mustWaitForSibling(aReset({ status: inDoubt }))));
  test('that is open of an object being deleted holds nobody back', () =>
    assert.ok(!fleetOf({ name: 'issues', deletionTimestamp: NOW, status: issuing }).mustWaitForSibling(aReset())));
  test('is not begun beside a call of another object that is unresolved or in doubt', () => {
    assert.ok(fleetOf({ name: 'calls', status: { request: aCall() } }).hasSiblingInDoubt(aReset()));
    assert.ok(fleetOf({ name: 'calls', status: inDoubt }).hasSiblingInDoubt(aReset()));
  });
  test('is begun beside one that is settled', () =>
    assert.ok(
      !fleetOf({ name: 'calls', status: { request: aCall({ outcome: 'Accepted' }) } }).hasSiblingInDoubt(aReset()),
    ));
});
