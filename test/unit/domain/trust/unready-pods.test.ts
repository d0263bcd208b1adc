import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Pod } from '../../../../src/domain/trust/pod.ts';
import { blockage, blockedMessage, blockedUnseen, mayBeBlocked } from '../../../../src/domain/trust/unready-pods.ts';
import type { Workload } from '../../../../src/domain/trust/workload.ts';
import { anUnreadyPod, aWorkload } from '../../../support/fakes/builders.ts';

type Parts = Partial<Omit<Workload, 'status' | 'ordered'>> & {
  readonly status?: Partial<Workload['status']>;
  readonly ordered?: Partial<NonNullable<Workload['ordered']>>;
};

/** A StatefulSet of three pods whose roll has begun and whose controller has replaced none. */
const aSet = ({ ordered, status, ...parts }: Parts = {}): Workload =>
  aWorkload({
    kind: 'StatefulSet',
    name: 'db',
    desiredReplicas: 3,
    ordered: { firstOrdinal: 0, updateRevision: 'new', currentReplicas: 3, ...ordered },
    ...parts,
    status: { replicas: 3, updatedReplicas: 0, availableReplicas: 0, ...status },
  });

const ready = { isReady: true };
const three = (...pods: readonly (Partial<Pod> | undefined)[]): readonly Pod[] =>
  [0, 1, 2].map((ordinal) => anUnreadyPod(ordinal, pods[ordinal]));

interface Row {
  readonly set?: Parts;
  readonly pods: readonly Pod[];
  readonly replaceable?: readonly string[];
  readonly next?: string;
}

const rows: Readonly<Record<string, Row>> = {
  'whose pods are all unready is rolled from the highest ordinal on': {
    pods: three(),
    replaceable: ['db-2', 'db-1', 'db-0'],
    next: 'db-2',
  },
  'counts ordinals as numbers': {
    set: { desiredReplicas: 11, status: { replicas: 11 } },
    pods: [anUnreadyPod(9), anUnreadyPod(10)],
    replaceable: ['db-10', 'db-9'],
    next: 'db-10',
  },
  'keeps a pod that is ready, whatever its neighbours are': {
    pods: three({}, ready, {}),
    replaceable: ['db-2', 'db-0'],
    next: 'db-2',
  },
  'keeps a pod of the new template that is not ready, and waits for it': {
    pods: three({}, {}, { revision: 'new' }),
    replaceable: ['db-1', 'db-0'],
  },
  'goes on when the pods of the new template are ready': {
    pods: three({}, {}, { revision: 'new', isReady: true }),
    replaceable: ['db-1', 'db-0'],
    next: 'db-1',
  },
  'goes on where a pod that was deleted is not made again before lower ones are ready': {
    pods: [anUnreadyPod(0), anUnreadyPod(1)],
    replaceable: ['db-1', 'db-0'],
    next: 'db-1',
  },
  'waits for a pod in deletion, and names it no more': {
    pods: three({}, {}, { isBeingDeleted: true }),
    replaceable: ['db-1', 'db-0'],
  },
  'waits for a pod in deletion that is beyond its replicas': {
    pods: [...three(), anUnreadyPod(3, { isBeingDeleted: true })],
    replaceable: ['db-2', 'db-1', 'db-0'],
  },
  'leaves a pod that has failed or ended to its controller': {
    pods: three({}, ready, { isOver: true }),
    replaceable: ['db-0'],
    next: 'db-0',
  },
  'keeps a pod of another owner': { pods: three({ ownerUid: 'x' }, { ownerUid: '' }, { ownerUid: 'uid-of-db2' }) },
  'keeps a pod whose revision is not known': { pods: three({ revision: '' }, ready, ready) },
  'keeps a pod whose name is none of its own': {
    pods: [
      anUnreadyPod(0, { name: 'db' }),
      anUnreadyPod(0, { name: 'db-x' }),
      anUnreadyPod(0, { name: 'db-0-1' }),
      anUnreadyPod(0, { name: 'dbx-0' }),
    ],
  },
  'keeps what is beyond its replicas': { pods: [anUnreadyPod(3), anUnreadyPod(4)] },
  'counts from the first ordinal of its spec': {
    set: { ordered: { firstOrdinal: 5 } },
    pods: [anUnreadyPod(4), anUnreadyPod(5), anUnreadyPod(7), anUnreadyPod(8)],
    replaceable: ['db-7', 'db-5'],
    next: 'db-7',
  },
  'names pods above the partition, and deletes none while one below it is in the way': {
    set: { strategy: { kind: 'Rolling', partition: 1 } },
    pods: three(),
    replaceable: ['db-2', 'db-1'],
  },
  'deletes above the partition where those below it are ready': {
    set: { strategy: { kind: 'Rolling', partition: 1 } },
    pods: three(ready),
    replaceable: ['db-2', 'db-1'],
    next: 'db-2',
  },
  'counts the partition from its first ordinal': {
    set: { strategy: { kind: 'Rolling', partition: 1 }, ordered: { firstOrdinal: 5 } },
    pods: [anUnreadyPod(5, ready), anUnreadyPod(6), anUnreadyPod(7)],
    replaceable: ['db-7', 'db-6'],
    next: 'db-7',
  },
  'with OnDelete is left alone': { set: { strategy: { kind: 'OnDelete' } }, pods: three() },
  'whose controller has not seen the change is left alone': {
    set: { generation: 2, status: { observedGeneration: 1 } },
    pods: three(),
  },
  'whose controller says no revision is left alone': { set: { ordered: { updateRevision: '' } }, pods: three() },
  'that has rolled is left alone': { set: { status: { updatedReplicas: 3 } }, pods: three() },
};

const namesOf = (pods: readonly Pod[] = []): readonly string[] => pods.map(({ name }) => name);

describe('an ordered StatefulSet', () => {
  for (const [what, { set, pods, replaceable = [], next }] of Object.entries(rows)) {
    test(`an ordered StatefulSet: ${what}`, () => {
      const found = blockage(aSet(set), pods.toReversed());
      assert.deepEqual([namesOf(found?.replaceable), found?.next?.name], [replaceable, next]);
    });
  }

  test('an ordered StatefulSet never has a pod deleted that is ready, new, of another owner, on its way out or below the partition', () => {
    const pod = fc
      .record({
        ordinal: fc.nat(4),
        isReady: fc.boolean(),
        isBeingDeleted: fc.boolean(),
        isOver: fc.boolean(),
        revision: fc.constantFrom('old', 'older', 'new', ''),
        ownerUid: fc.constantFrom('uid-of-db', 'another', ''),
      })
      .map(({ ordinal, ...rest }) => anUnreadyPod(ordinal, rest));
    fc.assert(
      fc.property(fc.array(pod, { maxLength: 6 }), fc.nat(4), fc.nat(2), (pods, partition, firstOrdinal) => {
        const { next } =
          blockage(aSet({ strategy: { kind: 'Rolling', partition }, ordered: { firstOrdinal } }), pods) ?? {};
        if (next === undefined) return;
        assert.ok(!next.isReady && !next.isBeingDeleted && !next.isOver && next.ownerUid === 'uid-of-db');
        assert.ok(next.revision.startsWith('old') && Number(next.name.slice(3)) >= firstOrdinal + partition);
        assert.ok(pods.every(({ ownerUid, isBeingDeleted }) => ownerUid !== 'uid-of-db' || !isBeingDeleted));
      }),
    );
  });

  test('an ordered StatefulSet says which pods to delete, in order, in a command of just those', () => {
    const found = blockage(aSet(), three({}, ready, {}));
    assert.ok(found);
    assert.match(
      blockedMessage(aSet(), found),
      /db-2, db-0 are not ready.*OrderedReady.*with: kubectl -n orders delete pod db-2 db-0$/,
    );
  });

  test('an ordered StatefulSet says that a pod below the partition comes back with the old template', () => {
    const set = aSet({ strategy: { kind: 'Rolling', partition: 1 } });
    const found = blockage(set, three({}, ready, ready));
    assert.ok(found);
    assert.match(
      blockedMessage(set, found),
      /db-0 is not ready, below the partition 1.*from the old template with: kubectl -n orders delete pod db-0$/,
    );
  });

  test('an ordered StatefulSet names ten pods at most, so that a message stays within its bound', () => {
    const set = aSet({ desiredReplicas: 200, status: { replicas: 200 } });
    const found = blockage(
      set,
      Array.from({ length: 200 }, (_, n) => anUnreadyPod(n)),
    );
    assert.ok(found);
    const message = blockedMessage(set, found);
    assert.match(message, /and 190 more/);
    assert.ok(message.length < 1024);
  });

  test('an ordered StatefulSet has its pods read only where its counts admit that an old one is in the way', () => {
    assert.ok(mayBeBlocked(aSet()));
    assert.ok(!mayBeBlocked(aSet({ status: { availableReplicas: 3 } })));
    assert.ok(!mayBeBlocked(aWorkload({ kind: 'StatefulSet', status: { updatedReplicas: 0, availableReplicas: 0 } })));
  });

  test('an ordered StatefulSet whose pods cannot be read is told where the counts prove it, and not while a pod is being replaced', () => {
    const told = blockedUnseen(aSet(), 'pods is forbidden');
    assert.equal(told?.kind, 'ManualActionRequired');
    assert.match(told.message, /pods is forbidden.*kubectl -n orders get pods -l app=db|'app=db'/);
    const replacing = aSet({ ordered: { currentReplicas: 2 }, status: { availableReplicas: 2 } });
    assert.equal(blockedUnseen(replacing, 'no'), undefined);
  });
});
