import { firstValueFrom, merge, type Observable, ReplaySubject, type Subscription, tap, timeout } from 'rxjs';
import { serverCaPem, templateAnnotationKey } from '../../../src/domain/trust/tls-material.ts';
import { numberAt, objectAt, textAt } from '../../../src/lib/json.ts';
import type { Instance } from '../../cloudsql-emulator/instance.ts';
import type { ObjectEvent } from '../../pods/cluster-objects.ts';
import { PATIENCE_MS } from '../../support/patience.ts';
import { digestsOf } from './end-state.ts';

export interface Clients {
  /** Each version of the Secret that they read. */
  readonly secret: Observable<ObjectEvent>;
  /** Each state of the Deployment of their pods. */
  readonly deployment: Observable<ObjectEvent>;
}

/**
 * Whether clients trusted the instance at each moment: each version of the Secret held the CA that the instance served by,
 * and at the first switch to a CA all pods of the Deployment were from after it was published.
 */
export class TrustWatch {
  readonly #instance: Instance;
  readonly #wrongs = new Set<string>();
  readonly #subscription: Subscription;
  readonly #begun = new ReplaySubject<void>(1);
  #secret: unknown;
  #deployment: unknown;
  readonly #everServed = new Set<string>();

  constructor(instance: Instance, { secret, deployment }: Clients) {
    this.#instance = instance;
    this.#everServed.add(servedBy(instance));
    const secrets = secret.pipe(
      tap(({ isDeleted, object }) => {
        this.#secret = isDeleted ? undefined : object;
        this.#judgeSecret();
      }),
    );
    const deployments = deployment.pipe(
      tap(({ isDeleted, object }) => {
        this.#deployment = isDeleted ? undefined : object;
      }),
    );
    this.#subscription = merge(secrets, deployments).subscribe({
      next: () => {
        if (this.#secret !== undefined && this.#deployment !== undefined) this.#begun.next();
      },
      error: (error: unknown) => this.#wrongs.add(`not all was seen: ${String(error)}`),
    });
    instance.changes.on('versions', this.#onVersions);
  }

  /** Resolves once Secret and Deployment were seen. */
  begun(): Promise<void> {
    return firstValueFrom(this.#begun.pipe(timeout(PATIENCE_MS)));
  }

  get wrongs(): readonly string[] {
    return [...this.#wrongs];
  }

  stop(): void {
    this.#instance.changes.off('versions', this.#onVersions);
    this.#subscription.unsubscribe();
  }

  readonly #onVersions = (): void => {
    this.#judgeSecret();
    const served = servedBy(this.#instance);
    // One that served before is trusted already; the pods may be why the switch is taken back.
    if (this.#everServed.has(served)) return;
    this.#everServed.add(served);
    const problem = notRolled(this.#deployment, this.#instance);
    if (problem !== undefined) this.#wrongs.add(`the instance switched to ${served}, and ${problem}`);
  };

  #judgeSecret(): void {
    const { active } = this.#instance;
    const data = textAt(objectAt(this.#secret, 'data'), 'server-ca.pem');
    const pem = Buffer.from(data, 'base64').toString();
    if (active !== undefined && !pem.includes(serverCaPem([active.authority.certificate])))
      this.#wrongs.add(`the Secret lacked the CA that the instance serves by, ${servedBy(this.#instance)}`);
  }
}

const servedBy = ({ active }: Instance): string => active?.authority.certificate.sha1Fingerprint ?? '';

/** Why not all pods of the Deployment have the CAs that are listed now; undefined: they do. */
function notRolled(deployment: unknown, { identities, settings }: Instance): string | undefined {
  const spec = objectAt(deployment, 'spec');
  const annotations = objectAt(objectAt(objectAt(spec, 'template'), 'metadata'), 'annotations');
  const key = templateAnnotationKey({ project: settings.project, instance: settings.name });
  const digests = digestsOf(identities.map(({ authority }) => authority.certificate));
  if (!digests.includes(textAt(annotations, key))) return 'the Deployment was not rolled for it';
  const status = objectAt(deployment, 'status');
  const generation = numberAt(objectAt(deployment, 'metadata'), 'generation');
  const pods = ['replicas', 'updatedReplicas', 'availableReplicas'].map((count) => numberAt(status, count));
  const isRolledOut =
    numberAt(status, 'observedGeneration') === generation &&
    pods.every((count) => count === numberAt(spec, 'replicas'));
  return isRolledOut ? undefined : `not all pods of the Deployment are new: ${JSON.stringify({ generation, status })}`;
}
