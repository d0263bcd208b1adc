import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Fault, Faults } from '../../support/fakes/faults.ts';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

async function callsWithoutFault(): Promise<readonly string[]> {
  const operator = new Operator(new Fixture());
  await operator.drive();
  return operator.faults.calls;
}

const faults: Readonly<Record<Fault, string>> = {
  KillBefore: 'a kill before any call of a port',
  KillAfter: 'a kill after any call of a port',
  Fail: 'a failure of any call of a port',
  LoseAnswer: 'a lost answer to any call of a port',
};

describe('whatever goes wrong once, the end is the same, after exactly one reset:', async () => {
  const calls = await callsWithoutFault();
  for (const [fault, what] of Object.entries(faults)) {
    test(`whatever goes wrong once, the end is the same, after exactly one reset: ${what}`, async () => {
      for (const [n, name] of calls.entries()) {
        const fixture = new Fixture();
        const plan = (at: number) => (at === n ? ofKind(fault) : undefined);
        await new Operator(fixture, { faults: new Faults(plan) }).drive();
        assert.deepEqual(await fixture.outcome(), DONE_ONCE, `call ${n}, ${name}`);
      }
    });
  }
});

const ofKind = (name: string): Fault | undefined => KINDS.find((kind) => kind === name);
const KINDS: readonly Fault[] = ['KillBefore', 'KillAfter', 'Fail', 'LoseAnswer'];
