/** The sweeps once more, over the requests that client certificates take. */

import { type Effect, type Fault, isWrite, once, type Seen } from '../support/proxied/traffic.ts';
import { type Case, runCase } from './case.ts';
import { BREAK_AFTER, BREAK_BEFORE, HANG_AFTER, kill, kubernetesError, TRUNCATED } from './effects.ts';
import { CERTIFICATES, type EndState } from './end-state.ts';
import type { Fixture } from './fixture.ts';
import type { ResetReference } from './resets.ts';

interface Sweep {
  readonly group: string;
  readonly fault: (fixture: Fixture) => Fault;
  readonly matches: (seen: Seen) => boolean;
  /** As many as a run makes, and a margin. */
  readonly count: number;
}

const doing = (effect: Effect) => (): Fault => ({ effect });

/** Lists, issues and deletions, and everything about the Secrets. */
const isOfCertificates = ({ path }: Seen): boolean => path.includes('/sslCerts') || path.includes('/secrets/client-');
const isIssue = ({ method, path }: Seen): boolean => method === 'POST' && path.includes('/sslCerts');
const isSecretWrite = (seen: Seen): boolean => isOfCertificates(seen) && isWrite(seen);

const SWEEPS: readonly Sweep[] = [
  { group: 'certificates: kill before', fault: kill(BREAK_BEFORE), matches: isOfCertificates, count: 26 },
  { group: 'certificates: kill after', fault: kill(BREAK_AFTER), matches: isOfCertificates, count: 26 },
  { group: 'certificates: connection reset after', fault: doing(BREAK_AFTER), matches: isOfCertificates, count: 26 },
  { group: 'certificates: silence after an issue', fault: doing(HANG_AFTER), matches: isIssue, count: 2 },
  { group: 'certificates: truncated issue', fault: doing(TRUNCATED), matches: isIssue, count: 2 },
  {
    group: 'certificates: 503 of a Secret',
    fault: doing(kubernetesError(503, 'ServiceUnavailable')),
    matches: isSecretWrite,
    count: 2,
  },
];

export function certificateCases({ site, end }: ResetReference): readonly Case[] {
  const expected: EndState = {
    ...end,
    conditions: [...end.conditions, 'ClientCertificatesIssued=True Issued'].toSorted(),
    certificates: [...CERTIFICATES.map(({ secretName }) => `${secretName} Live`), `${CERTIFICATES.length} live`],
  };
  return SWEEPS.flatMap(({ group, fault, matches, count }) =>
    Array.from({ length: count }, (_, index) => {
      const tamper = (fixture: Fixture) => once(index + 1, fault(fixture), matches);
      return runCase(
        { site, end: expected },
        { group, name: `${group} ${index + 1}` },
        { tamper, spec: { clientCertificates: CERTIFICATES } },
      );
    }),
  );
}
