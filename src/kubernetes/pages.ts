import { arrayAt, objectAt, textAt } from '../lib/json.ts';
import { call, isExpired } from './api-error.ts';

/** One page as client-node gives it. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly metadata?: { readonly _continue?: string; readonly resourceVersion?: string };
}

/** A page of custom objects, whose shape nobody has checked. */
export function toPage(list: unknown): Page<unknown> {
  const metadata = objectAt(list, 'metadata');
  return {
    items: arrayAt(list, 'items'),
    metadata: { _continue: textAt(metadata, 'continue'), resourceVersion: textAt(metadata, 'resourceVersion') },
  };
}

export interface PageRequest {
  readonly limit: number;
  readonly _continue?: string;
}

interface Collected<R> {
  readonly items: readonly R[];
  readonly resourceVersion: string;
}

/** A page is held as text and as parsed objects at once, and the heap that a larger one takes is not given back. */
export const PAGE_LIMIT = 100;

/**
 * Reads all pages of a list and keeps what `reduce` makes of each item, nothing where that is undefined: no page is held
 * while the next one is read.
 * A list that takes longer than the API server remembers its beginning is started again once.
 * @throws KubernetesError
 */
export async function collect<Item, R>(
  read: (request: PageRequest) => Promise<Page<Item>>,
  reduce: (item: Item) => R | undefined,
  limit: number = PAGE_LIMIT,
): Promise<Collected<R>> {
  try {
    return await collectOnce(read, reduce, limit);
  } catch (error) {
    if (isExpired(error)) return await collectOnce(read, reduce, limit);
    throw error;
  }
}

async function collectOnce<Item, R>(
  read: (request: PageRequest) => Promise<Page<Item>>,
  reduce: (item: Item) => R | undefined,
  limit: number,
): Promise<Collected<R>> {
  const items: R[] = [];
  let token: string | undefined;
  for (;;) {
    const page = await call(read({ limit, ...(token !== undefined && { _continue: token }) }));
    for (const item of page.items) {
      const kept = reduce(item);
      if (kept !== undefined) items.push(kept);
    }
    token = page.metadata?._continue || undefined;
    if (token === undefined) return { items, resourceVersion: page.metadata?.resourceVersion ?? '' };
  }
}
