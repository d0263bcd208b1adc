/** What has to be true once the rotation is over. */
import { isConnected } from '../pods/verdict.ts';
import { type Check, type Clients, check } from './checks.ts';
import { BYSTANDER, SERVER_CA } from './example-objects.ts';
import { short } from './moments.ts';
import type { Rotation } from './rotate.ts';

export const rotated = (rotation: Rotation): readonly Check[] => {
  const { object, oldCa, newCa, calls, clients, since } = rotation;
  const [last] = object.status.history ?? [];
  const served = `the instance serves by another server CA, ${short(oldCa.sha1Fingerprint)} → ${short(newCa.sha1Fingerprint)}`;
  return [
    check(`${SERVER_CA} says Rotated`, last?.outcome === 'Rotated', last?.outcome ?? 'nothing'),
    check(
      served,
      last?.next === newCa.sha1Fingerprint && oldCa.sha1Fingerprint !== newCa.sha1Fingerprint,
      'it does not',
    ),
    check(
      'Cloud SQL added one CA, and switched once',
      calls.join(' ') === 'addServerCa rotateServerCa',
      calls.join(' '),
    ),
    ...(clients === undefined ? [] : [nobodyNoticed(clients, since)]),
  ];
};

const nobodyNoticed = ({ before, after }: Clients, since: number): Check => {
  const troubled = after
    .filter(({ app }) => app !== BYSTANDER)
    .filter(({ events }) => events.some(({ event, time }) => time >= since && TROUBLES.has(event)));
  const claim = `none of the ${before.filter(isConnected).length} clients that were connected lost its connection, and none was refused`;
  return check(claim, troubled.length === 0, troubled.map(({ pod }) => pod).join(', '));
};

const TROUBLES: ReadonlySet<string> = new Set(['lost', 'refused']);
