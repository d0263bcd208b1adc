/** What the demo claims, each claim judged by what was found. */
import { findCondition } from '../../src/domain/conditions.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import type { PodClient } from '../pods/kubelet.ts';
import { hasReadAgain, isConnected, isLockedOut, trustedCas } from '../pods/verdict.ts';
import type { Observed, ServerCa } from './evidence.ts';
import { BYSTANDER, DEPENDENTS, RELOADED, RESET, SECRET } from './example-objects.ts';
import { short } from './moments.ts';

export interface Check {
  readonly claim: string;
  /** What was found instead; absent: the claim holds. */
  readonly found?: string;
}

export interface Outcome {
  readonly reset: SslReset;
  readonly before: readonly Observed[];
  readonly after: readonly Observed[];
  readonly oldCa: ServerCa;
  readonly newCa: ServerCa;
  readonly publishedPem: string;
  readonly resets: number;
  /** Absent where the pods are no processes of the demo. */
  readonly clients?: Clients;
}

export interface Clients {
  readonly before: readonly PodClient[];
  readonly after: readonly PodClient[];
}

export interface Restart {
  /** How the operator ended. */
  readonly end: string;
  /** The object that it has to refuse, which it has seen after the one that was Ready. */
  readonly refused: SslReset;
  readonly resets: number;
  readonly versionBefore: string;
  readonly versionAfter: string;
}

export const check = (claim: string, holds: boolean, found: string): Check => (holds ? { claim } : { claim, found });

export const happened = (outcome: Outcome): readonly Check[] => [
  isReady(outcome),
  hasNewCa(outcome),
  hasNotOldCa(outcome),
  ...DEPENDENTS.map((name) => isBack(name, outcome)),
  sameDigest(outcome),
  ...(outcome.clients
    ? [
        wereConnected(outcome.clients, outcome),
        wereLockedOut(outcome.clients),
        areBack(outcome.clients, outcome),
        haveReadAgain(outcome.clients, outcome),
      ]
    : []),
];

export const didNotHappen = (outcome: Outcome): readonly Check[] => [
  isUntouched(BYSTANDER, 'was left alone', outcome),
  isUntouched(RELOADED, 'was told, and not restarted', outcome),
  ...(outcome.clients ? [isStillOut(outcome.clients)] : []),
  check('Cloud SQL executed exactly one reset', outcome.resets === 1, `its journal has ${outcome.resets}`),
];

export const didNotHappenAgain = ({ end, refused, resets, versionBefore, versionAfter }: Restart): readonly Check[] => [
  check('SIGTERM ended the operator with exit code 0', end === 'exit code 0', end),
  check(
    `it works after its restart: the next object, ${refused.metadata.name}, is refused`,
    stalledReason(refused) === 'NotPermitted',
    verdict(refused),
  ),
  check('Cloud SQL has still executed exactly one reset', resets === 1, `its journal has ${resets}`),
  check(
    `${RESET}, which it looked at first, was not written again`,
    versionBefore === versionAfter,
    `resourceVersion ${versionBefore} became ${versionAfter}`,
  ),
];

export const allHold = (checks: readonly Check[]): boolean => checks.every(({ found }) => found === undefined);

function isReady({ reset }: Outcome): Check {
  const ready = findCondition(reset.status.conditions, 'Ready');
  const holds = ready?.status === 'True' && ready.reason === 'Complete';
  return check(`${RESET} is Ready: Complete`, holds, verdict(reset));
}

function hasNewCa({ newCa, publishedPem, reset }: Outcome): Check {
  const holds =
    publishedPem.trim() === newCa.pem.trim() && reset.status.serverCa?.sha1Fingerprint === newCa.sha1Fingerprint;
  const claim = `the Secret ${SECRET} holds the server CA that Cloud SQL has now, ${short(newCa.sha1Fingerprint)}`;
  return check(claim, holds, `the status says ${short(reset.status.serverCa?.sha1Fingerprint)}`);
}

function hasNotOldCa({ oldCa, newCa, publishedPem }: Outcome): Check {
  const holds = oldCa.sha1Fingerprint !== newCa.sha1Fingerprint && !publishedPem.includes(oldCa.pem.trim());
  return check(`and not the old one, ${short(oldCa.sha1Fingerprint)}`, holds, 'it is there');
}

function isBack(name: string, { before, after }: Outcome): Check {
  const [old, now] = [find(before, name), find(after, name)];
  const kept = now?.podNames.filter((pod) => old?.podNames.includes(pod)) ?? [];
  const claim = `${name} is healthy, with new pods`;
  if (now === undefined) return check(claim, false, 'it is gone');
  const pods = `${now.pods.fresh}/${now.desired} new and available`;
  return check(
    claim,
    now.isHealthy && kept.length === 0,
    kept.length === 0 ? pods : `${pods}, old: ${kept.join(', ')}`,
  );
}

function sameDigest({ reset, after }: Outcome): Check {
  const { revision } = reset.status.rollout ?? {};
  const digests = DEPENDENTS.map((name) => find(after, name)?.digest);
  const holds = revision !== undefined && digests.every((digest) => digest === revision);
  const found = digests.map((digest) => digest ?? 'none').join(', ');
  return check(`both carry the digest of that CA, ${short(revision)}`, holds, found);
}

function isUntouched(name: string, how: string, { before, after }: Outcome): Check {
  const [old, now] = [find(before, name), find(after, name)];
  const claim = `${name} ${how}: same generation, same pods`;
  return check(claim, old !== undefined && trace(old) === trace(now), `${trace(old)} became ${trace(now)}`);
}

function wereConnected({ before: clients }: Clients, { before }: Outcome): Check {
  const pods = before.flatMap(({ podNames }) => podNames);
  const connected = clients.filter(isConnected).map(({ pod }) => pod);
  const missing = pods.filter((pod) => !connected.includes(pod));
  return check(`all ${pods.length} clients were connected before the reset`, missing.length === 0, missing.join(', '));
}

function wereLockedOut({ before, after }: Clients): Check {
  const claim =
    'the reset broke the connection of each, and none got in again with the old CA: certificate verify failed';
  const isOut = (one: PodClient): boolean => (one.app === RELOADED ? hasReadAgain(one) : isLockedOut(one));
  const got = before.filter(({ pod }) => !after.some((one) => one.pod === pod && isOut(one)));
  return check(claim, got.length === 0, got.map(({ pod }) => pod).join(', '));
}

function areBack({ after: clients }: Clients, { after, newCa }: Outcome): Check {
  const pods = after.filter(({ name }) => DEPENDENTS.includes(name)).flatMap(({ podNames }) => podNames);
  const isBackWithCa = (client: PodClient): boolean =>
    isConnected(client) && trustedCas(client).includes(newCa.sha1Fingerprint);
  const missing = pods.filter((pod) => !clients.some((one) => one.pod === pod && isBackWithCa(one)));
  const claim = `all ${pods.length} clients of the new pods are connected, by the new CA`;
  return check(claim, missing.length === 0, missing.join(', '));
}

function haveReadAgain({ after: clients }: Clients, { newCa }: Outcome): Check {
  const own = clients.filter(({ app }) => app === RELOADED);
  const missing = own.filter((one) => !hasReadAgain(one) || !trustedCas(one).includes(newCa.sha1Fingerprint));
  const claim = `the clients of ${RELOADED} are connected, by the new CA, which they read in the pods that they had`;
  return check(
    claim,
    own.length > 0 && missing.length === 0,
    missing.map(({ pod }) => pod).join(', ') || 'it has none',
  );
}

function isStillOut({ after }: Clients): Check {
  const clients = after.filter(({ app, isGone }) => app === BYSTANDER && !isGone);
  const claim = `nobody helped ${BYSTANDER}: its clients are still locked out, certificate verify failed`;
  const others = clients.filter((client) => !isLockedOut(client)).map(({ pod }) => pod);
  return check(claim, clients.length > 0 && others.length === 0, others.join(', ') || 'it has none');
}

const find = (observed: readonly Observed[], wanted: string): Observed | undefined =>
  observed.find(({ name }) => name === wanted);

const trace = (observed: Observed | undefined): string =>
  observed === undefined ? 'nothing' : `generation ${observed.generation} with ${observed.podNames.join(', ')}`;

const stalledReason = ({ status }: SslReset): string | undefined => findCondition(status.conditions, 'Stalled')?.reason;

function verdict({ status }: SslReset): string {
  const ready = findCondition(status.conditions, 'Ready');
  return ready === undefined ? 'no condition Ready' : `Ready=${ready.status} ${ready.reason}: ${ready.message}`;
}
