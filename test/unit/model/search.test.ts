import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTEREXAMPLES } from '../../model/counterexamples.ts';
import { GUARD_SCENARIOS } from '../../model/guard-scenarios.ts';
import { ROTATION_EXAMPLES } from '../../model/rotation-examples.ts';
import { run } from '../../model/run.ts';
import { QUIET } from '../../model/scenario.ts';
import { search } from '../../model/search.ts';
import { fieldsOf, fieldsOfCrd } from '../../support/docs/status-fields.ts';

test('where nothing goes wrong, one call is made and the object is Ready', async () => {
  const { broken, seen } = await run(QUIET);
  assert.equal(broken, undefined);
  assert.deepEqual([...seen].toSorted(), ['a request begins', 'end: CA judged', 'end: Ready Complete', 'recorded']);
});

// The same scenarios each time: chance is for `npm run test:model`, each night.
test('no scenario breaks an invariant, in a small search', async () => {
  const { found } = await search({ stories: 'Resets', runs: 500, seed: 1 });
  assert.equal(found, undefined, JSON.stringify(found));
});

test('no scenario of a rotation breaks an invariant, in a small search', async () => {
  const { found } = await search({ stories: 'Rotations', runs: 150, seed: 1 });
  assert.equal(found, undefined, JSON.stringify(found));
});

for (const { name, scenario } of ROTATION_EXAMPLES) {
  test(`rotation: ${name}`, async () => {
    assert.equal((await run(scenario)).broken, undefined);
  });
}

const written = new Set<string>();
function collect(status: object): void {
  for (const field of fieldsOf(status)) written.add(field);
}

for (const { name, scenario } of COUNTEREXAMPLES) {
  test(name, async () => {
    assert.equal((await run(scenario, collect)).broken, undefined);
  });
}

for (const { name, scenario } of GUARD_SCENARIOS) {
  test(`guard: ${name}`, async () => {
    assert.equal((await run(scenario, collect)).broken, undefined);
  });
}

/** What the model's world does not bring about; each is written in a test of its own. */
const OUTSIDE_OF_THE_MODEL: readonly string[] = [
  'clientCertificates.handedOver',
  'clientCertificates.passwordDigest',
  'history.approvedManager',
  'plan.workloads.byKind',
  'plan.workloads.byWave',
  'request.approvedManager',
  'request.before.alsoListed',
  'request.hold.retryTime',
  'rollout.paused',
  'rollout.workloads.failures',
  'rollout.workloads.retryTime',
  'serverCa.commonName',
  'serverCa.expirationTime',
  'serverCa.heldBack',
];

test('each field of the status is written in some scenario, is copied from an operation, or is known to be outside of the model', async () => {
  assert.ok(written.size > 60, 'the scenarios above were not run');
  const isWritten = (field: string): boolean =>
    written.has(field) || field.startsWith('operation.') || OUTSIDE_OF_THE_MODEL.includes(field);
  assert.deepEqual(
    (await fieldsOfCrd()).filter((field) => !isWritten(field)),
    [],
  );
});
