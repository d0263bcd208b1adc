/** A whole rotation: add, publish both, roll the Deployment that mounts the Secret, switch. */
import type { KubernetesObject } from '@kubernetes/client-node';
import { activeCa, type CloudSqlServerCa, KIND } from '../../../src/domain/server-ca/server-ca-object.ts';
import { watchObjects } from '../../support/kubernetes/objects.ts';
import { deployment, INSTANCE, PROJECT } from '../../support/operator/fixture.ts';
import { hasRotated, isUpToDate, serverCa } from '../../support/operator/rotating.ts';
import { PATIENCE_MS } from '../../support/patience.ts';
import { type Observer, observeServerCas } from '../../support/proxied/observer.ts';
import { patch } from '../edits.ts';
import { SECRET } from '../end-state.ts';
import type { Fixture } from '../fixture.ts';
import { SMALL } from '../resets.ts';
import { OBJECT, type Reference, type Site } from '../site.ts';
import type { Attack } from '../whole-run.ts';
import { type RotationEnd, rotationEnd } from './end-state.ts';
import { TrustWatch } from './trust-watch.ts';

const REQUEST = 'spring';
const DEPLOYMENT = 'api';
/** Longer than any delay between two passes. */
const QUIET_MS = 500;

const MOUNTING = {
  ...SMALL.pod,
  containers: [{ name: 'app', image: 'app', volumeMounts: [{ name: 'ca', mountPath: '/ca' }] }],
  volumes: [{ name: 'ca', secret: { secretName: SECRET } }],
};

export const sqlca = (spec: object, metadata: object = {}): KubernetesObject =>
  serverCa({}, { ...metadata, name: OBJECT }, { serverCa: { secretName: SECRET }, ...spec });

/** Rotated once, and the CA that serves now is seen as the active one. */
export const isRotated = (object: CloudSqlServerCa): boolean =>
  hasRotated(1)(object) && activeCa(object.status)?.sha1Fingerprint === object.status.history?.[0]?.next;

export const ROTATIONS: Site<CloudSqlServerCa, RotationEnd> = {
  prefix: 'rotation: ',
  options: {
    // A look that fails is repeated after it.
    flags: ['--server-ca-resync=3s'],
    emulator: { instances: [{ project: PROJECT, name: INSTANCE, hasSharedKey: true }] },
  },
  isDone: isRotated,
  open: async (fixture, spec) => {
    const observer = observeServerCas(fixture.lab.client, fixture.namespace);
    await fixture.create(deployment(DEPLOYMENT, { ...SMALL, pod: MOUNTING }), sqlca(spec));
    fixture.startOperator();
    await followed(fixture, observer);
    const watch = watchTrust(fixture);
    await watch.begun();
    return {
      observer,
      begin: () => requestRotation(fixture),
      endState: (object) => rotationEnd(fixture, object),
      wrongs: () => watch.wrongs,
      close: () => {
        watch.stop();
        observer.stop();
      },
    };
  },
};

/** The watches begin with what is there. */
function watchTrust({ lab: { client }, namespace, emulator }: Fixture): TrustWatch {
  const one = (path: string, name: string) =>
    watchObjects(client, `${path.replace('*', `namespaces/${namespace}`)}?fieldSelector=metadata.name%3D${name}`);
  return new TrustWatch(emulator.instance(PROJECT, INSTANCE), {
    secret: one('/api/v1/*/secrets', SECRET),
    deployment: one('/apis/apps/v1/*/deployments', DEPLOYMENT),
  });
}

/** The request comes once all is published and rolled, and the operator is at rest. */
async function followed(fixture: Fixture, observer: Observer<CloudSqlServerCa>): Promise<void> {
  const isThere = await observer.until((all) => [...all.values()].some(isUpToDate), PATIENCE_MS);
  if (isThere !== true) throw new Error(`The instance was not followed:\n${fixture.log}`);
  await fixture.traffic.quiet(QUIET_MS);
}

const requestRotation = async (fixture: Fixture): Promise<void> =>
  void (await patch(fixture, KIND, OBJECT, { spec: { rotation: { requestId: REQUEST } } }));

export type RotationReference = Reference<CloudSqlServerCa, RotationEnd>;
export type RotationAttack = Attack<CloudSqlServerCa, RotationEnd>;
