/** The object, or its whole namespace, is deleted in the middle of a run. */
import { CoreV1Api } from '@kubernetes/client-node';
import { INSTANCE, PROJECT } from '../integration/operator/bench.ts';
import { PATIENCE_MS } from '../integration/support/patience.ts';
import { type Case, outcome } from './case.ts';
import type { Lab } from './lab.ts';
import { openScene, type Scene } from './scene.ts';
import { isEvent, once } from './traffic.ts';
import { createRun, type Reference } from './whole-run.ts';

/** Longer than any delay between two passes. */
const QUIET_MS = 1_500;

interface Way {
  readonly act: (scene: Scene) => Promise<unknown>;
  /** How an object may be stalled until it is gone. */
  readonly stall?: string;
}

const WAYS: Readonly<Record<string, Way>> = {
  'object deleted at': { act: (scene) => scene.kubectl(['delete', 'sslreset', 'db', '--wait=false']) },
  'namespace deleted at': {
    act: ({ lab, namespace }) => lab.client.api(CoreV1Api).deleteNamespace({ name: namespace }),
    stall: 'db NotPermitted',
  },
};

/** Neighbours are alike, and each takes long. */
const EVERY = 3;

export const goneCases = (reference: Reference): readonly Case[] =>
  Object.entries(WAYS).flatMap(([group, way]) => {
    const count = reference.seen.filter((seen) => !isEvent(seen)).length - 1;
    return Array.from({ length: Math.floor(count / EVERY) }, (_, index) => {
      const number = (index + 1) * EVERY;
      return { group, name: `${group} ${number}`, run: (lab: Lab) => deletedAt(lab, number, way) };
    });
  });

async function deletedAt(lab: Lab, number: number, { act, stall: allowed }: Way) {
  const scene = await openScene(lab);
  const meanwhile = async (): Promise<void> => void (await act(scene));
  try {
    scene.traffic.tamper = once(number, { deed: { kind: 'Pass' }, meanwhile }, (seen) => !isEvent(seen));
    await createRun(scene);
    scene.startOperator();
    const isGone = await scene.observer.until((all) => scene.traffic.hit !== undefined && all.size === 0, PATIENCE_MS);
    await scene.traffic.quiet(QUIET_MS);
    const resets = scene.emulator.journal.executedResets(PROJECT, INSTANCE).length;
    const exitCode = await scene.operator.kill('SIGTERM');
    return outcome([
      ...(isGone ? [] : ['the object is still there']),
      ...(resets <= 1 ? [] : [`${resets} resets were executed`]),
      ...(exitCode === 0 ? [] : [`the operator ended with ${exitCode}:\n${scene.log}`]),
      ...scene.observer.stalls.filter((stall) => stall !== allowed).map((stall) => `it was stalled: ${stall}`),
    ]);
  } finally {
    await scene.close();
  }
}
