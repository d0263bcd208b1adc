import { isDeepStrictEqual } from 'node:util';
import { type Verdict, waiting } from '../../domain/conditions.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { toBeRolled } from '../../domain/reset/status.ts';
import { entryOf, recordedCertificate, withCertificate } from '../../domain/trust/certificate-status.ts';
import { inSafeOrder, type Move } from '../../domain/trust/client-certificate.ts';
import type { ClientCertificateStatus, WantedCertificate } from '../../domain/trust/distribution.ts';
import { type HeldCertificate, privateKeyIn, withServerCa } from '../../domain/trust/held-certificate.ts';
import { type Context, NOW, normal, type StepResult } from '../pass.ts';
import type { PublishedObject } from '../ports.ts';
import { applyObject, orCannotWrite, ownershipConflict } from '../publishing/apply.ts';
import type { Passwords } from '../publishing/passwords.ts';
import { certificateContents, certificateDryRun } from '../publishing/targets.ts';
import { issuing } from './certificate-admission.ts';
import { deliverCertificate } from './deliver-certificate.ts';

/** A live certificate whose Secret the spec names another way than before. */
export interface CertificateMove extends Move {
  readonly wanted: WantedCertificate;
  readonly held: HeldCertificate;
  readonly isOurs: boolean;
  readonly source: PublishedObject;
  readonly target: PublishedObject | undefined;
}

/**
 * What stands in the way of each move. A Secret out of which a key cannot be moved is the only one that has it, so
 * whatever would be written over it is held up as well.
 */
export async function obstaclesToMoves(
  moves: readonly CertificateMove[],
  reset: SslReset,
  context: Context,
): Promise<ReadonlyMap<CertificateMove, Verdict>> {
  const obstacles = new Map<CertificateMove, Verdict>();
  for (const move of moves) {
    const contents = certificateDryRun(reset, move.wanted, move.target);
    const obstacle =
      ownershipConflict(move.source, contents, context.index) ??
      (await orCannotWrite(() => applyObject(context, contents, { before: move.target, dryRun: true })));
    if (obstacle !== undefined) obstacles.set(move, obstacle);
  }
  return withThoseBehind(obstacles, moves);
}

function withThoseBehind(
  obstacles: ReadonlyMap<CertificateMove, Verdict>,
  moves: readonly CertificateMove[],
): ReadonlyMap<CertificateMove, Verdict> {
  const behind = moves.flatMap((move): [CertificateMove, Verdict][] => {
    const obstacle = obstacles.has(move) ? undefined : obstacleIn(move.to, obstacles);
    return obstacle === undefined ? [] : [[move, obstacle]];
  });
  return behind.length === 0 ? obstacles : withThoseBehind(new Map([...obstacles, ...behind]), moves);
}

/** Why nothing may be written into the Secret of that name: it still holds the only copy of a key. */
export const obstacleIn = (secretName: string, obstacles: ReadonlyMap<CertificateMove, Verdict>): Verdict | undefined =>
  [...obstacles].find(([{ from }]) => from === secretName)?.[1];

export interface MoveSources {
  readonly serverCa: string;
  readonly passwords: Passwords;
}

/** Writes each key into its new Secret. The old Secret stays as it is, with a key that works. */
export async function moveCertificates(
  moves: readonly CertificateMove[],
  sources: MoveSources,
  reset: SslReset,
  context: Context,
): Promise<StepResult> {
  const { passwords } = sources;
  let moved: readonly CertificateMove[] = [];
  for (const move of inSafeOrder(moves)) {
    const delivery = await deliver(move, sources, reset, context);
    if (delivery.kind === 'RecordGone') return { next: NOW };
    if (delivery.kind === 'Refused') {
      return { ...found(reset, moved, passwords), verdict: waiting('CannotPublish', delivery.message) };
    }
    moved = [...moved, move];
  }
  return { ...found(reset, moved, passwords), verdict: issuing(noteOf(moved)) };
}

async function deliver(
  { wanted, source, target }: CertificateMove,
  { serverCa, passwords }: MoveSources,
  reset: SslReset,
  context: Context,
) {
  const isOpen = (fresh: SslReset) =>
    isDeepStrictEqual([fresh.spec, fresh.status.request], [reset.spec, reset.status.request]);
  const contents = await certificateContents(reset, wanted, {
    data: withServerCa(source.data, serverCa),
    before: target,
    passwords,
    encodings: context.memory.encodings,
  });
  return deliverCertificate(contents, { secret: target, recorded: reset, isOpen }, context);
}

function found(reset: SslReset, moved: readonly CertificateMove[], passwords: Passwords) {
  const { status } = reset;
  const clientCertificates = moved.reduce<readonly ClientCertificateStatus[]>(
    (all, { wanted, held, isOurs, source }) => {
      const past = recordedCertificate(reset, wanted.commonName);
      const digest = passwords.digest(wanted, privateKeyIn(source.data));
      return withCertificate(all, { ...entryOf(wanted, held, { past, digest }), ...(!isOurs && { handedOver: true }) });
    },
    status.clientCertificates ?? [],
  );
  const events = moved.map((move) => normal('IssuingClientCertificates', 'MoveClientCertificate', noteOf([move])));
  return { changes: { clientCertificates, ...toBeRolled(status) }, events };
}

const noteOf = (moved: readonly CertificateMove[]): string =>
  moved
    .map(
      ({ wanted: { commonName }, from, to }) =>
        `The client certificate ${commonName} is copied with its key from Secret/${from} to Secret/${to}, since the spec now names that one; Secret/${from} stays as it was`,
    )
    .join('; ');
