/** Why a rotation stops, in words, with what to do next. */
import { shell } from '../../../lib/shell.ts';
import { MAX_LISTED } from '../../trust/rollout-status.ts';
import { retryCommand } from '../deadline.ts';
import type { CloudSqlServerCa } from '../server-ca-object.ts';
import type { WaitingFor } from './rotation.ts';
import type { RotationStalledReason } from './stalled.ts';
import { caOf, versionWord } from './versions.ts';

export interface Stall {
  readonly reason: RotationStalledReason;
  readonly message: string;
  /** What it was to switch to, where it has not begun. */
  readonly next?: string;
}

export const stall = (reason: RotationStalledReason, message: string): Stall => ({ reason, message });

const listCommand = ({ spec: { project, instance } }: CloudSqlServerCa): string =>
  shell`gcloud sql ssl server-ca-certs list --instance=${instance} --project=${project}`;

export const operationsCommand = ({ spec: { project, instance } }: CloudSqlServerCa): string =>
  shell`gcloud sql operations list --instance=${instance} --project=${project}`;

export const notListed = (object: CloudSqlServerCa, fingerprint: string): Stall => ({
  reason: 'ServerCaNotListed',
  message: `rotation.activeSha1Fingerprint ${fingerprint} is no server CA that the instance lists, or it has expired, so nothing is switched: name a listed one, or remove the field. To see them: ${listCommand(object)}`,
  next: fingerprint,
});

export const notPinnable = (fingerprint: string): Stall => ({
  reason: 'InvalidRequest',
  message: `rotation.activeSha1Fingerprint ${fingerprint} names a server CA, and the CA of an instance with a CA service is not the operator's to choose: remove the field. A new rotation.requestId rotates the server certificate`,
  next: fingerprint,
});

export const alike = (object: CloudSqlServerCa, next: string): Stall =>
  stall(
    'NotRotatable',
    `The waiting server CA ${caOf(object.status, next)} has the subject of the active one, and not both have a key identifier: OpenSSL clients cannot tell them apart, so a switch to it breaks connections. Replace the CA with a CloudSqlSslReset instead. To see both: ${listCommand(object)}`,
  );

export const replacedTooOften = (object: CloudSqlServerCa): Stall =>
  stall(
    'WaitingServerCaReplaced',
    `Somebody has replaced the waiting ${versionWord(object.status)} again and again before it was used, so nothing is switched. Find out who adds them, then go on with: ${retryCommand(object)}. What was called: ${operationsCommand(object)}`,
  );

export const siblingNotReady = (waitingFor: WaitingFor): Stall =>
  stall(
    'SiblingNotReady',
    `Nothing is switched: objects of the instance do not have the next server CA everywhere yet, or their workloads are not healthy with it: ${waitingWords(waitingFor)}. Whoever runs them sees why in their status: stalled, suspended, not permitted, workloads that are paused or left to a person (OnDelete), the format DER, which holds the active server CA alone and is to be replaced by PEM or a truststore, or more than ${MAX_LISTED} workloads, which are to be divided among several objects, each with a Secret and a rollout.selector of its own. It goes on by itself once they get there`,
  );

export const siblingOutsideWindow = (namespace: string, next: string): string =>
  `A CloudSqlServerCa in namespace ${namespace}, which is of this instance too, rolls for the server CA ${next} only once its maintenance window opens`;

export const waitingWords = (waitingFor: WaitingFor): string =>
  waitingFor.map(({ namespace, objects }) => `${objects} in namespace ${namespace}`).join(', ');
