import type { Observable } from 'rxjs';

export interface ObjectEvent {
  readonly isDeleted: boolean;
  readonly object: unknown;
}

/** What the API server has, by the paths of its API. */
export interface ClusterObjects {
  /** Begins with what is there. Fails when the API server ends it. */
  watch(path: string): Observable<ObjectEvent>;
  /** The object as it is now; undefined where there is none. */
  read(path: string, signal: AbortSignal): Promise<unknown>;
}
