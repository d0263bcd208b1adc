import { caOwner, type Instance, isFirstGeneration } from '../../instance.ts';
import { type Stall, stall } from './stall-words.ts';

/** What no call of the operator can rotate. */
export function notRotatable(instance: Instance): Stall | undefined {
  if (caOwner(instance) === 'Unknown') {
    return unfit(
      `This version of the operator does not know the serverCaMode ${instance.serverCaMode} of the instance`,
    );
  }
  if (isFirstGeneration(instance)) return unfit('A First Generation instance cannot rotate its server CA');
  return instance.primary === undefined
    ? undefined
    : unfit(`The instance is a replica of ${instance.primary}, which it follows`);
}

const unfit = (why: string): Stall =>
  stall(
    'NotRotatable',
    `${why}. Nothing was called; the server CAs are followed and published all the same. Set rotation.mode to Never and remove requestId and activeSha1Fingerprint; a CloudSqlSslReset makes another certificate`,
  );
