/** One look at many operations, by as few reads as show them. */
import type { Operation } from '../domain/call/operation.ts';
import { CloudSqlError } from '../domain/errors.ts';
import type { FollowedOperation } from './followed-operation.ts';
import { type OperationPageRequest, PAGE_SIZE } from './reads.ts';
import type { OperationPage } from './schemas.ts';

export interface LookReads {
  readonly get: (project: string, name: string) => Promise<Operation>;
  readonly page: (request: OperationPageRequest) => Promise<OperationPage>;
}

export interface Look {
  readonly reads: number;
  readonly seen: readonly Seen[];
  /** Those that could not be read by name; of kind `NotFound` where Cloud SQL does not know them. */
  readonly failed: readonly { readonly followed: FollowedOperation; readonly error: unknown }[];
  /** Why the project's operations were not listed; those that the pages before showed are seen. */
  readonly listError?: unknown;
}

interface Seen {
  readonly followed: FollowedOperation;
  readonly operation: Operation;
}

/** From so many on a list is asked for. */
const MERGED_FROM = 2;
/** So many at most are asked for by name. */
export const LOOKED_AT_ONCE = 10;
/** So few that a list does not show are asked for by name rather than looked for on its next page. */
const FEW = 3;
const MAX_PAGES = 3;
/** The API documents no bound; where it keeps to one of its own, there are more pages. */
const LARGE_PAGE_SIZE = 500;

/**
 * A list may lag: an operation that it does not show may exist all the same, and is asked for by name. So are all where
 * they may not be listed.
 * @param wanted the most urgent first
 */
export async function lookAt(
  wanted: readonly FollowedOperation[],
  { project, mayList }: { readonly project: string; readonly mayList: boolean },
  api: LookReads,
): Promise<Look> {
  const list = wanted.length >= MERGED_FROM && mayList ? await listed(wanted, project, api) : NOT_LISTED;
  const shown = wanted.flatMap((followed): readonly Seen[] => {
    const operation = list.shown.get(followed.name);
    return operation === undefined ? [] : [{ followed, operation }];
  });
  const { reads, error } = list;
  if (error !== undefined && !isRefusal(error)) return { reads, seen: shown, failed: [], listError: error };
  const missing = wanted.filter(({ name }) => !list.shown.has(name)).slice(0, LOOKED_AT_ONCE);
  const got = await Promise.all(missing.map((followed) => getOne(followed, project, api)));
  return {
    reads: reads + missing.length,
    seen: [...shown, ...got.flatMap(({ seen }) => seen)],
    failed: got.flatMap(({ failed }) => failed),
    ...(error !== undefined && { listError: error }),
  };
}

/** An account may see each instance and not the operations of its project. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof CloudSqlError && (error.kind === 'Forbidden' || error.kind === 'Invalid');

interface Listed {
  readonly reads: number;
  readonly shown: ReadonlyMap<string, Operation>;
  readonly error?: unknown;
}

const NOT_LISTED: Listed = { reads: 0, shown: new Map() };

async function listed(wanted: readonly FollowedOperation[], project: string, { page }: LookReads): Promise<Listed> {
  const shown = new Map<string, Operation>();
  const maxResults = wanted.length > PAGE_SIZE / 2 ? LARGE_PAGE_SIZE : PAGE_SIZE;
  let reads = 0;
  try {
    let pageToken: string | undefined;
    do {
      reads += 1;
      const request = { project, maxResults, ...(pageToken !== undefined && { pageToken }) };
      const { operations, nextPageToken } = await page(request);
      for (const operation of operations) shown.set(operation.name, operation);
      pageToken = nextPageToken;
    } while (pageToken !== undefined && reads < MAX_PAGES && missingOf(wanted, shown) > FEW);
    return { reads, shown };
  } catch (error) {
    return { reads, shown, error };
  }
}

const missingOf = (wanted: readonly FollowedOperation[], shown: Listed['shown']): number =>
  wanted.filter(({ name }) => !shown.has(name)).length;

async function getOne(
  followed: FollowedOperation,
  project: string,
  { get }: LookReads,
): Promise<Pick<Look, 'seen' | 'failed'>> {
  try {
    return { seen: [{ followed, operation: await get(project, followed.name) }], failed: [] };
  } catch (error) {
    return { seen: [], failed: [{ followed, error }] };
  }
}
