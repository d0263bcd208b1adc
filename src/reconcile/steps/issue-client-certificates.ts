import { progressing, stalled, type Verdict, waiting } from '../../domain/conditions.ts';
import type { ClientCertificate } from '../../domain/instance.ts';
import { retryCommand } from '../../domain/reset/admission.ts';
import { worst } from '../../domain/reset/certificate-hold.ts';
import { LOOKING_FOR_DEPENDENTS } from '../../domain/reset/completion.ts';
import type { Request, SslReset } from '../../domain/reset/ssl-reset.ts';
import { toBeRolled } from '../../domain/reset/status.ts';
import { recordedCertificate } from '../../domain/trust/certificate-status.ts';
import type { ClientCertificateStatus } from '../../domain/trust/distribution.ts';
import { withServerCa } from '../../domain/trust/held-certificate.ts';
import { revision, serverCaPem } from '../../domain/trust/tls-material.ts';
import { oneLine } from '../../lib/one-line.ts';
import { toTime } from '../../lib/time.ts';
import { AWAIT_CHANGE, after, type Conclusion, type Context, type StepResult } from '../pass.ts';
import { applyObject, orCannotPublish, orCannotWrite } from '../publishing/apply.ts';
import { Passwords } from '../publishing/passwords.ts';
import { readServerCas } from '../publishing/server-cas.ts';
import { certificateContents, certificateDryRun } from '../publishing/targets.ts';
import { conflict } from './certificate-conflict.ts';
import { entriesOf, hasOtherPasswords, typeWarnings } from './certificate-entries.ts';
import { deleteCertificate } from './delete-certificate.ts';
import { issueCertificate } from './issue-certificate.ts';
import { type JudgedCertificate, judge, readSecrets, type Secrets } from './judged-certificates.ts';
import {
  type CertificateMove,
  type MoveSources,
  moveCertificates,
  obstacleIn,
  obstaclesToMoves,
} from './move-certificates.ts';
import { publishedOf } from './published-cas.ts';

/** Brings each client certificate that the spec wants into its Secret, one call of Cloud SQL a pass. */
export async function issueClientCertificates(reset: SslReset, context: Context): Promise<StepResult> {
  const result = await orCannotPublish(() => lookAndAct(reset, context));
  return 'kind' in result ? { verdict: result } : result;
}

async function lookAndAct(reset: SslReset, context: Context): Promise<StepResult> {
  const { request } = reset.status;
  if (request === undefined) return { next: AWAIT_CHANGE };
  const secrets = await readSecrets(reset, context);
  const passwords = await Passwords.read(reset, context.objects);
  const cas = await readServerCas(context.cloudSql, reset.spec);
  if (revision(cas) !== reset.status.rollout?.revision) return publishAgain(request);
  const listed = await context.cloudSql.clientCertificates(reset.spec);
  const serverCa = serverCaPem(publishedOf(reset, cas, context));

  const { clientCertificates: wanted = [] } = reset.spec;
  const judged = wanted.map((one) => judge(one, secrets, reset, listed));
  const sources = { serverCa, passwords };
  const held: Held[] = await refresh(judged, sources, reset, context);
  const moves = movesOf(judged, secrets);
  const obstacles = await obstaclesToMoves(moves, reset, context);
  const free = moves.filter((move) => !obstacles.has(move));
  if (free.length > 0) return moveCertificates(free, sources, reset, context);
  for (const [move, obstacle] of obstacles) held.push({ commonName: move.wanted.commonName, obstacle });
  // Certificates that can be issued come first, before somebody else's stops the rest.
  for (const one of judged.filter(({ judgement: { kind } }) => kind !== 'Keep' && kind !== 'Move')) {
    const obstacle = obstacleIn(one.wanted.secretName, obstacles) ?? (await obstacleTo(one, reset, context));
    if (obstacle === undefined) return act(one, reset, { ...sources, listed }, context);
    held.push({ commonName: one.wanted.commonName, obstacle });
  }
  const orphan = orphanOf(reset, listed);
  if (orphan !== undefined) return deleteCertificate(reset, orphan, context);
  return heldUp(reset, judged, { held, passwords }) ?? done(reset, request, { judged, passwords }, context);
}

/** A certificate that cannot be in its Secret now, and why. */
interface Held {
  readonly commonName: string;
  readonly obstacle: Verdict;
}

/** What would fail after a certificate was issued, or the old one deleted, is found out before. */
async function obstacleTo(
  { wanted, secret, judgement }: JudgedCertificate,
  reset: SslReset,
  context: Context,
): Promise<Verdict | undefined> {
  const { commonName } = wanted;
  const { reason, message = '' } = recordedCertificate(reset, commonName) ?? {};
  if (reason === 'InvalidRequest')
    return stalled('InvalidRequest', `${message}. Try again with: ${retryCommand(reset)}`);
  if (judgement.kind === 'Conflict') {
    return stalled('ClientCertificateConflict', conflict(reset, commonName, [judgement.sha1Fingerprint]));
  }
  const contents = certificateDryRun(reset, wanted, secret);
  return orCannotWrite(() => applyObject(context, contents, { before: secret, dryRun: true }));
}

function act(
  { wanted, secret, judgement }: JudgedCertificate,
  reset: SslReset,
  { listed, ...sources }: MoveSources & { readonly listed: readonly ClientCertificate[] },
  context: Context,
): Promise<StepResult> {
  const { commonName } = wanted;
  return judgement.kind === 'Delete'
    ? deleteCertificate(reset, { commonName, ...judgement }, context)
    : issueCertificate(reset, { wanted, secret, ...sources, listed: fingerprintsOf(commonName, listed) }, context);
}

const movesOf = (judged: readonly JudgedCertificate[], secrets: Secrets): readonly CertificateMove[] =>
  judged.flatMap(({ wanted, secret, judgement }) => {
    const source = judgement.kind === 'Move' ? secrets.get(judgement.from) : undefined;
    if (judgement.kind !== 'Move' || source === undefined) return [];
    const { held, isOurs, from } = judgement;
    return [{ wanted, held, isOurs, from, to: wanted.secretName, source, target: secret }];
  });

/** The instance got other CAs since they were published: everything that carries them must carry the same. */
const publishAgain = ({ publishedTime: _publishedTime, ...request }: Request): StepResult => ({
  changes: { request },
  verdict: progressing('Publishing', 'The instance lists other server CAs than the published ones; reading them again'),
  next: after(REPUBLISH_MS),
});

/** A list that does not settle is not read without a pause. */
const REPUBLISH_MS = 1_000;

/** Brings the server CAs and the formats of those that are in their Secrets up to date. Answers whose Secret cannot take them. */
async function refresh(
  judged: readonly JudgedCertificate[],
  { serverCa, passwords }: MoveSources,
  reset: SslReset,
  context: Context,
): Promise<Held[]> {
  const held: Held[] = [];
  for (const { wanted, secret, judgement } of judged) {
    if (judgement.kind !== 'Keep' || secret === undefined) continue;
    const data = withServerCa(secret.data, serverCa);
    const { encodings } = context.memory;
    const contents = await certificateContents(reset, wanted, { data, before: secret, passwords, encodings });
    const obstacle = await orCannotWrite(() => applyObject(context, contents, { before: secret, dryRun: false }));
    if (obstacle !== undefined) held.push({ commonName: wanted.commonName, obstacle });
  }
  return held;
}

const fingerprintsOf = (name: string, listed: readonly ClientCertificate[]): readonly string[] =>
  listed.filter(({ commonName }) => commonName === name).map(({ sha1Fingerprint }) => sha1Fingerprint);

/** An issue of a name that the spec no longer wants was found out since: it is ours, and nobody has its key. */
function orphanOf({ spec, status }: SslReset, listed: readonly ClientCertificate[]) {
  const { clientCertificates: wanted = [] } = spec;
  for (const { commonName, sha1Fingerprint = '', secretName } of status.clientCertificates ?? []) {
    const isWanted = wanted.some((one) => one.commonName === commonName);
    const isListed = listed.some((one) => one.sha1Fingerprint === sha1Fingerprint);
    if (!isWanted && isListed && secretName === undefined) return { commonName, sha1Fingerprint };
  }
  return undefined;
}

/** The others are in their Secrets: what stands in the way of these is all that is left. */
function heldUp(
  reset: SslReset,
  judged: readonly JudgedCertificate[],
  { held, passwords }: { readonly held: readonly Held[]; readonly passwords: Passwords },
): Conclusion | undefined {
  const verdict = worst(held.map(({ obstacle }) => obstacle));
  if (verdict === undefined) return undefined;
  const entries = judged.flatMap((one): readonly ClientCertificateStatus[] => {
    const { commonName } = one.wanted;
    const obstacle = held.find((each) => each.commonName === commonName)?.obstacle;
    if (obstacle === undefined) return entriesOf(one, reset, passwords);
    const past = recordedCertificate(reset, commonName) ?? { commonName };
    const { reason, message } = obstacle;
    return [past.reason === 'InvalidRequest' ? past : { ...past, reason, message: oneLine(message) }];
  });
  return { changes: { clientCertificates: entries }, verdict };
}

function done(
  reset: SslReset,
  request: Request,
  { judged, passwords }: { readonly judged: readonly JudgedCertificate[]; readonly passwords: Passwords },
  { clock }: Context,
): Conclusion {
  const clientCertificates = judged.flatMap((one) => entriesOf(one, reset, passwords));
  const changes = { clientCertificates, ...(hasOtherPasswords(reset, clientCertificates) && toBeRolled(reset.status)) };
  if (passwords.missing !== undefined) return { changes, verdict: waiting('PasswordMissing', passwords.missing) };
  const issued = clientCertificates.length > 0 && { request: { ...request, issuedTime: toTime(clock.now()) } };
  return { changes: { ...changes, ...issued }, verdict: LOOKING_FOR_DEPENDENTS, events: typeWarnings(judged) };
}
