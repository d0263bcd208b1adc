import type { OpenFiles } from '../domain/trust/workload.ts';
import { arrayAt, numberAt, objectAt, textAt } from '../lib/json.ts';

/**
 * The files of Secrets that the volumes of a pod template show with a mode that more than the owner and the reading group
 * may use. libpq takes no private key with one: https://www.postgresql.org/docs/current/libpq-ssl.html
 * @param spec of pods, as JSON
 */
export const openFiles = (spec: unknown): readonly OpenFiles[] =>
  arrayAt(spec, 'volumes').flatMap((volume) => [
    ...ofSource(objectAt(volume, 'secret'), 'secretName', objectAt(volume, 'secret')),
    ...arrayAt(objectAt(volume, 'projected'), 'sources').flatMap((source) =>
      ofSource(objectAt(source, 'secret'), 'name', objectAt(volume, 'projected')),
    ),
  ]);

/** Mode of the files of a volume that does not say one. */
const DEFAULT_MODE = 0o644;
/** Beyond the owner's rights, and that the group may read. */
const TOO_OPEN = 0o037;

/** @param volume where the mode of all of its files stands */
function ofSource(source: unknown, nameKey: string, volume: unknown): readonly OpenFiles[] {
  const secret = textAt(source, nameKey);
  const mode = numberAt(volume, 'defaultMode') ?? DEFAULT_MODE;
  const items = arrayAt(source, 'items');
  if (secret === '') return [];
  if (items.length === 0) return isTooOpen(mode) ? [{ secret }] : [];
  const keys = items.filter((item) => isTooOpen(numberAt(item, 'mode') ?? mode)).map((item) => textAt(item, 'key'));
  return keys.length === 0 ? [] : [{ secret, keys }];
}

const isTooOpen = (mode: number): boolean => (mode & TOO_OPEN) !== 0;
