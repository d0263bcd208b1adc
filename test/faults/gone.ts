/** The object, or its whole namespace, is deleted in the middle of a run. */
import { CoreV1Api } from '@kubernetes/client-node';
import { INSTANCE, isReady, PROJECT } from '../support/operator/fixture.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import type { Lab } from '../support/proxied/lab.ts';
import { isEvent, once } from '../support/proxied/traffic.ts';
import { type Case, NOT_REACHED, type Outcome, outcome } from './case.ts';
import { type Fixture, openFixture } from './fixture.ts';
import { createRun, type ResetReference } from './resets.ts';

/** Longer than any delay between two passes. */
const QUIET_MS = 1_500;

interface Way {
  readonly act: (fixture: Fixture) => Promise<unknown>;
  /** How an object may be stalled until it is gone. */
  readonly stall?: string;
}

const WAYS: Readonly<Record<string, Way>> = {
  'object deleted at': { act: (fixture) => fixture.kubectl(['delete', 'sslreset', 'db', '--wait=false']) },
  'namespace deleted at': {
    act: ({ lab, namespace }) => lab.client.api(CoreV1Api).deleteNamespace({ name: namespace }),
    stall: 'db NotPermitted',
  },
};

/** Neighbours are alike, and each takes long. */
const EVERY = 3;

export const goneCases = (reference: ResetReference): readonly Case[] =>
  Object.entries(WAYS).flatMap(([group, way]) => {
    const count = reference.seen.filter((seen) => !isEvent(seen)).length - 1;
    return Array.from({ length: Math.floor(count / EVERY) }, (_, index) => {
      const number = (index + 1) * EVERY;
      return { group, name: `${group} ${number}`, run: (lab: Lab) => deletedAt(lab, number, way) };
    });
  });

async function deletedAt(lab: Lab, number: number, { act, stall: allowed }: Way): Promise<Outcome> {
  const fixture = await openFixture(lab);
  const meanwhile = async (): Promise<void> => void (await act(fixture));
  try {
    fixture.traffic.tamper = once(number, { effect: { kind: 'Pass' }, meanwhile }, (seen) => !isEvent(seen));
    await createRun(fixture);
    fixture.startOperator();
    const isMet = (): boolean => fixture.traffic.hit !== undefined;
    await fixture.observer.until(
      (all) => (isMet() ? all.size === 0 : all.size > 0 && [...all.values()].every(isReady)),
      PATIENCE_MS,
    );
    await fixture.traffic.quiet(QUIET_MS);
    if (!isMet()) return NOT_REACHED;
    const isGone = await fixture.observer.until((all) => all.size === 0, PATIENCE_MS);
    const resets = fixture.emulator.journal.executedResets(PROJECT, INSTANCE).length;
    const exitCode = await fixture.operator.kill('SIGTERM');
    return outcome([
      ...(isGone ? [] : ['the object is still there']),
      ...(resets <= 1 ? [] : [`${resets} resets were executed`]),
      ...(exitCode === 0 ? [] : [`the operator ended with ${exitCode}:\n${fixture.log}`]),
      ...fixture.observer.stalls.filter((stall) => stall !== allowed).map((stall) => `it was stalled: ${stall}`),
    ]);
  } finally {
    await fixture.close();
  }
}
