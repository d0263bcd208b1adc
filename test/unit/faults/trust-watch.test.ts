import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Subject } from 'rxjs';
import { serverCaPem, templateAnnotationKey } from '../../../src/domain/trust/tls-material.ts';
import { Instance } from '../../cloudsql-emulator/instance.ts';
import { instanceSchema } from '../../cloudsql-emulator/instance-settings.ts';
import { digestsOf } from '../../faults/rotation/end-state.ts';
import { TrustWatch } from '../../faults/rotation/trust-watch.ts';
import type { ObjectEvent } from '../../pods/cluster-objects.ts';

const REF = { project: 'p', name: 'i', hasSharedKey: true };

type Cas = Parameters<typeof serverCaPem>[0];

/** An instance with a CA that waits, and what a test says of Secret and Deployment. */
async function watched(t: TestContext) {
  const instance = await Instance.create(instanceSchema.parse(REF));
  await instance.addVersion();
  const [secret, deployment] = [new Subject<ObjectEvent>(), new Subject<ObjectEvent>()];
  const watch = new TrustWatch(instance, { secret, deployment });
  t.after(() => watch.stop());
  const cas = (): Cas => instance.identities.map(({ authority: { certificate } }) => certificate);
  return {
    instance,
    watch,
    cas,
    holds: (held: Cas) => secret.next({ isDeleted: false, object: secretOf(held) }),
    isGone: () => secret.next({ isDeleted: true, object: secretOf([]) }),
    rolled: (digest: string | undefined, updatedReplicas = 2) =>
      deployment.next({ isDeleted: false, object: deploymentOf(digest, updatedReplicas) }),
  };
}

const secretOf = (held: Cas): object => ({
  data: { 'server-ca.pem': Buffer.from(serverCaPem(held)).toString('base64') },
});

const deploymentOf = (digest: string | undefined, updatedReplicas: number): object => ({
  metadata: { generation: 3 },
  spec: {
    replicas: 2,
    template: { metadata: { annotations: { [templateAnnotationKey({ project: 'p', instance: 'i' })]: digest } } },
  },
  status: { observedGeneration: 3, replicas: 2, updatedReplicas, availableReplicas: 2 },
});

test('the judge of a rotation finds nothing wrong where Secret and pods have both CAs before the switch', async (t) => {
  const { instance, watch, cas, holds, rolled } = await watched(t);
  holds(cas().slice(0, 1));
  holds(cas());
  rolled(digestsOf(cas())[0]);
  await watch.begun();
  instance.rotate();
  holds(cas());
  assert.deepEqual(watch.wrongs, []);
});

test('the judge of a rotation finds a switch to a CA that the Secret does not hold', async (t) => {
  const { instance, watch, cas, holds, rolled } = await watched(t);
  holds(cas().slice(0, 1));
  rolled(digestsOf(cas())[0]);
  instance.rotate();
  assert.match(watch.wrongs.join(), /^the Secret lacked the CA that the instance serves by, [0-9a-f]{40}$/);
});

test('the judge of a rotation finds a Secret that is published without the CA that serves, or is gone', async (t) => {
  const { watch, cas, holds, isGone } = await watched(t);
  holds(cas());
  assert.deepEqual(watch.wrongs, []);
  holds(cas().slice(1));
  assert.equal(watch.wrongs.length, 1);
  const other = await watched(t);
  other.holds(other.cas());
  other.isGone();
  assert.equal(other.watch.wrongs.length, 1);
  isGone();
});

test('the judge of a rotation finds a switch before the pods are from after the next CA was published', async (t) => {
  for (const { digest, updated, said } of [
    { digest: 0, updated: 1, said: /not all pods of the Deployment are new/ },
    { digest: undefined, updated: 2, said: /the Deployment was not rolled for it/ },
  ]) {
    const { instance, watch, cas, holds, rolled } = await watched(t);
    holds(cas());
    rolled(digest === undefined ? digestsOf(cas().slice(0, 1))[0] : digestsOf(cas())[digest], updated);
    instance.rotate();
    assert.equal(watch.wrongs.length, 1);
    assert.match(watch.wrongs.join(), said);
  }
});
