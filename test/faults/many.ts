/** Many objects at once, while the operator is killed again and again at random times. */
import { setTimeout as delay } from 'node:timers/promises';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { isReady, PROJECT, reset } from '../support/operator/fixture.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import type { Lab } from '../support/proxied/lab.ts';
import { type Case, outcome } from './case.ts';
import { randomOf } from './chance.ts';
import { type Fixture, openFixture } from './fixture.ts';

interface Many {
  readonly name: string;
  readonly objects: number;
  readonly instances: number;
  /** The spans in which it is killed once, and for how long that goes on. */
  readonly killEveryMs: number;
  readonly killForMs: number;
}

const CASES: readonly Many[] = [
  { name: '200 objects on 200 instances', objects: 200, instances: 200, killEveryMs: 5_000, killForMs: 120_000 },
  { name: '20 objects on one instance', objects: 20, instances: 1, killEveryMs: 4_000, killForMs: 90_000 },
];

const FLAGS = ['--max-resets-per-hour=0', '--concurrency=20'];

export const manyCases = (seed: number): readonly Case[] =>
  CASES.map((many) => ({
    group: 'many at once',
    name: `many at once: ${many.name}`,
    run: (lab) => runMany(lab, many, seed),
  }));

async function runMany(lab: Lab, many: Many, seed: number) {
  const names = Array.from({ length: many.instances }, (_, index) => `db-${index}`);
  const instances = names.map((name) => ({ project: PROJECT, name }));
  const fixture = await openFixture(lab, { emulator: { instances }, flags: FLAGS });
  try {
    for (let index = 0; index < many.objects; index += 1) {
      const instance = names[index % names.length];
      await fixture.create(reset({ instance, rollout: { disabled: true } }, { name: `reset-${index}` }));
    }
    fixture.startOperator();
    const kills = await killAtRandom(fixture, many, randomOf(seed));
    const isEnded = await areReady(fixture, many.objects, PATIENCE_MS);
    return outcome([
      ...(isEnded ? [] : [`not all Ready: ${unfinished(fixture).slice(0, 5).join('; ')}`]),
      ...(kills > 0 ? [] : ['it was over before the first kill']),
      ...fixture.observer.stalls.map((stall) => `stalled: ${stall}`),
      ...wrongCounts(fixture, names, many.objects / many.instances),
    ]);
  } finally {
    await fixture.close();
  }
}

/** Until all is done, or for as long as the case says; answers how often. */
async function killAtRandom(fixture: Fixture, many: Many, random: () => number): Promise<number> {
  const end = Date.now() + many.killForMs;
  let kills = 0;
  while (Date.now() < end) {
    await delay(many.killEveryMs * (0.2 + random()));
    if (await areReady(fixture, many.objects, 0)) break;
    await fixture.operator.kill();
    fixture.startOperator();
    kills += 1;
  }
  return kills;
}

const areReady = ({ observer }: Fixture, objects: number, patienceMs: number): Promise<true | undefined> =>
  observer.until((all) => all.size === objects && [...all.values()].every(isReady), patienceMs);

const unfinished = ({ observer }: Fixture): readonly string[] =>
  observer.all.filter((one) => !isReady(one)).map((one) => `${one.metadata.name} ${reasons(one)}`);

const reasons = ({ status }: SslReset): string => (status.conditions ?? []).map(({ reason }) => reason).join(' ');

function wrongCounts({ emulator }: Fixture, names: readonly string[], expected: number): readonly string[] {
  return names.flatMap((name) => {
    const count = emulator.journal.executedResets(PROJECT, name).length;
    return count === expected ? [] : [`${name} was reset ${count} times, not ${expected}`];
  });
}
