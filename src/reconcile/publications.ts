/**
 * Which Secrets and ConfigMaps an object publishes into, for the others of its namespace: of two that name one, only the
 * first may have it, and the other one hears so before its reset.
 */
import type { Metadata } from '../domain/object.ts';
import { isSettled, isUnresolved } from '../domain/reset/request.ts';
import { KIND, type SslReset } from '../domain/reset/ssl-reset.ts';
import { publishedNames } from '../domain/trust/published-kinds.ts';
import { type Key, keyOf } from '../lib/key.ts';

/** The kind that `managed-by` does not name. */
export const SSL_RESET = KIND;

/** A CloudSqlSslReset by its name alone, an object of any other kind by `Kind/name`. */
const MANAGED_BY = /^(?:([A-Z][A-Za-z]+)\/)?([a-z0-9.-]+)$/;

/** Of the object that a value of the annotation `managed-by` names; undefined: it names none. */
export function publisherKey(namespace: string, managedBy: string): Key | undefined {
  const [, kind = KIND, name] = MANAGED_BY.exec(managedBy) ?? [];
  return name === undefined ? undefined : keyOf(kind, { namespace, name });
}

/** How strong a claim is: the higher one takes precedence, whichever object is older. */
const RANKS = {
  /** The status says that the object holds what was published. */
  held: '3',
  /** It has called, or needs no call, and is about to publish for the first time. */
  begun: '2',
  /** It was created with that name, as far as is known. */
  waiting: '1',
  /** It has published elsewhere: the name came with an edit. */
  edited: '0',
} as const;

function heldBy({ status: { serverCa, clientCertificates = [] } }: SslReset): ReadonlySet<string> {
  const secrets = clientCertificates.flatMap(({ secretName, sha1Fingerprint }) =>
    secretName === undefined || sha1Fingerprint === undefined ? [] : [`Secret/${secretName}`],
  );
  return new Set([...(serverCa?.publishedTo === undefined ? [] : [serverCa.publishedTo]), ...secrets]);
}

/**
 * As one text, since ten thousand are held: when the object was created, and a line for each name, behind its rank.
 * Undefined: it publishes nothing. One that is being deleted will publish no more, and what it has published shows.
 */
export function publicationsOf(reset: SslReset): string | undefined {
  const { metadata, spec, status } = reset;
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const hasBegun = isUnresolved(status.request) || isSettled(status.request);
  return claimedNames(metadata, publishedNames(spec), { held: heldBy(reset), hasBegun });
}

interface Claims {
  /** What the object holds already, as `Secret/name`. */
  readonly held: ReadonlySet<string>;
  /** It is about to publish for the first time. */
  readonly hasBegun: boolean;
}

/** The same of an object of any kind. */
export function claimedNames(
  { creationTimestamp = '' }: Metadata,
  names: readonly string[],
  { held, hasBegun }: Claims,
): string | undefined {
  if (names.length === 0) return undefined;
  const first = hasBegun ? RANKS.begun : RANKS.waiting;
  const rankOf = (name: string): string => {
    if (held.has(name)) return RANKS.held;
    return held.size === 0 ? first : RANKS.edited;
  };
  return [creationTimestamp, ...names.map((name) => `${rankOf(name)}${name}`)].join('\n');
}

/** One object that publishes, as the index keeps it. */
export interface Publisher {
  readonly uid: string;
  /** As of `publicationsOf`. */
  readonly publishes: string | undefined;
}

const linesOf = ({ publishes = '' }: Publisher): readonly string[] => publishes.split('\n').slice(1);
const nameIn = (line: string): string => line.slice(1);

/** As `Secret/name`. */
export const namesOf = (one: Publisher): readonly string[] => linesOf(one).map(nameIn);

export const publishesInto = (one: Publisher, name: string): boolean =>
  linesOf(one).some((line) => nameIn(line) === name);

/** The names that both publish into. */
export const sharedNames = (one: Publisher, other: Publisher): readonly string[] =>
  namesOf(one).filter((name) => publishesInto(other, name));

/**
 * Whether `other` may have the name, and `own` may not; one that is not known with that name yet goes last.
 * `hasCalled`: its call is recorded, or about to be.
 */
export function goesFirst(
  other: Publisher,
  own: Publisher | undefined,
  { name, hasCalled }: { readonly name: string; readonly hasCalled: (uid: string) => boolean },
): boolean {
  const rankOf = (one: Publisher): string => {
    const rank = linesOf(one).find((line) => nameIn(line) === name)?.[0] ?? '';
    return rank === RANKS.waiting && hasCalled(one.uid) ? RANKS.begun : rank;
  };
  const theirs = rankOf(other);
  const ours = own === undefined ? '' : rankOf(own);
  if (own === undefined || theirs !== ours) return theirs > ours;
  if (theirs === '') return false;
  const order = ({ uid, publishes = '' }: Publisher): string => `${publishes.split('\n')[0]}/${uid}`;
  return order(other) < order(own);
}
