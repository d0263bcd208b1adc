/** Dependents fail after the switch, and what takes it back meets a fault. */
import { CoreV1Api, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { isTrue } from '../../../src/domain/conditions.ts';
import { activeCa, type CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import type { JournalEntry } from '../../cloudsql-emulator/journal.ts';
import { PATIENCE_MS } from '../../support/patience.ts';
import type { Observer } from '../../support/proxied/observer.ts';
import { type Effect, isWrite, once, type Seen, type Tamper } from '../../support/proxied/traffic.ts';
import { type Case, runCase } from '../case.ts';
import { BREAK_AFTER, BREAK_BEFORE, HANG_AFTER, HANG_BEFORE, kill, TRUNCATED } from '../effects.ts';
import type { Fixture } from '../fixture.ts';
import { copied, order } from '../orders.ts';
import { isStalledFor } from '../whole-run.ts';
import type { RotationAttack, RotationReference } from './rotations.ts';

const GROUP = 'switch back';

const TAKEN_BACK: RotationAttack = {
  // The least: a dependent is to be unhealthy for half of it.
  spec: { rotation: { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 60 } },
  meanwhile: failAfterSwitch,
  isEnd: isTakenBack,
  stalls: /^db RotationRolledBack$/,
  allowed: {
    calls: /^\["addServerCa","rotateServerCa","rotateServerCa"\]$/,
    serves: /Previous/,
    conditions: /"ServerCaRotated=False RotationRolledBack","Stalled=True RotationRolledBack"/,
    rotation: /Idle .*rejected.* stalled/,
    history: /^\["RequestId spring RolledBack"\]$/,
    roles: /./,
  },
};

/** And the CA of before is seen as the active one. */
function isTakenBack(object: CloudSqlServerCa): boolean {
  const { conditions, rotation } = object.status;
  const isSeen = activeCa(object.status)?.sha1Fingerprint === rotation?.previous;
  return isSeen && isTrue(conditions, 'WorkloadsRolled') && isStalledFor('RotationRolledBack')(object);
}

/** Its pods are ready no more until the instance serves by the CA of before again. */
async function failAfterSwitch(fixture: Fixture, observer: Observer<CloudSqlServerCa>): Promise<void> {
  const until = (holds: (status: CloudSqlServerCa['status']) => boolean) =>
    observer.until((all) => [...all.values()].some(({ status }) => holds(status)), PATIENCE_MS);
  await until(({ rotation }) => rotation?.phase === 'Verifying');
  await setReady(fixture, 'False');
  await until(({ history }) => history?.[0]?.outcome === 'RolledBack');
  await setReady(fixture, 'True');
}

/** The fake kubelet looks after pods that are pending, and no others. */
async function setReady({ lab, namespace }: Fixture, status: 'True' | 'False'): Promise<void> {
  const core = lab.client.api(CoreV1Api);
  const { items } = await core.listNamespacedPod({ namespace });
  const body = { status: { conditions: [{ type: 'Ready', status, reason: 'Test' }] } };
  for (const { metadata: { name = '' } = {} } of items) {
    await core.patchNamespacedPodStatus({ name, namespace, body }, setHeaderOptions('Content-Type', MERGE));
  }
}

const MERGE = PatchStrategy.StrategicMergePatch;

const isSwitch = ({ path }: Seen): boolean => path.includes('/rotateServerCa');

/** The second one takes the first one back. */
const atCall =
  (effect: Effect, kills = false) =>
  (fixture: Fixture): Tamper =>
    once(2, kills ? kill(effect)(fixture) : { effect }, isSwitch);

/** The first write after that: what became of the call. */
const atOutcome =
  (effect: Effect, kills = false) =>
  (fixture: Fixture): Tamper =>
    once(1, kills ? kill(effect)(fixture) : { effect }, (seen) => {
      const calls = fixture.traffic.seen.filter((one) => isSwitch(one) && one.number < seen.number);
      return calls.length === 2 && isWrite(seen);
    });

/** A fault that is ordered later is for the later call. */
const copiedAfterSwitch =
  (code: number, reason: string): RotationAttack['meanwhile'] =>
  async (fixture, observer) => {
    const isSwitched = ({ api, executed }: JournalEntry): boolean => api === 'rotateServerCa' && executed;
    await fixture.emulator.journal.waitFor(isSwitched);
    await order(copied('rotateServerCa', code, reason))(fixture);
    await failAfterSwitch(fixture, observer);
  };

const WAYS: Readonly<Record<string, Pick<RotationAttack, 'tamper' | 'meanwhile'>>> = {
  'nothing else goes wrong': {},
  'killed before the call': { tamper: atCall(BREAK_BEFORE, true) },
  'killed after the call': { tamper: atCall(BREAK_AFTER, true) },
  'killed before its outcome is written': { tamper: atOutcome(BREAK_BEFORE, true) },
  'killed after its outcome is written': { tamper: atOutcome(BREAK_AFTER, true) },
  'the connection is reset before the call': { tamper: atCall(BREAK_BEFORE) },
  'the connection is reset after the call': { tamper: atCall(BREAK_AFTER) },
  'silence before the call': { tamper: atCall(HANG_BEFORE) },
  'silence after the call': { tamper: atCall(HANG_AFTER) },
  'truncated answer': { tamper: atCall(TRUNCATED) },
  ...Object.fromEntries(
    (
      [
        [400, 'invalid'],
        [403, 'notAuthorized'],
        [409, 'operationInProgress'],
        [429, 'rateLimitExceeded'],
      ] as const
    ).map(([code, reason]) => [
      `executed, and a copy is refused by ${code}`,
      { meanwhile: copiedAfterSwitch(code, reason) },
    ]),
  ),
};

export const switchBackCases = (reference: RotationReference): readonly Case[] =>
  Object.entries(WAYS).map(([what, way]) =>
    runCase(reference, { group: GROUP, name: `${GROUP}: ${what}` }, { ...TAKEN_BACK, ...way }),
  );
