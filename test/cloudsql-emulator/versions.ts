/** What the methods call a version by: with a CA of its own the instance's CA, with a CA service its server certificate. */
export interface Version {
  readonly version: { readonly sha1Fingerprint: string; readonly createTime: string };
}

/** Each version is in one place only: so one is in use, at most one waits, and at most one was in use before. */
export interface Versions<V extends Version> {
  readonly active: V;
  /** Never in use so far. */
  readonly waiting?: V;
  readonly rotatedOut?: V;
}

const byAge = <V extends Version>(a: V, b: V): number => a.version.createTime.localeCompare(b.version.createTime);

/** The one in use first, then the others, the oldest first. */
export const listed = <V extends Version>({ active, waiting, rotatedOut }: Versions<V>): readonly V[] => [
  active,
  ...[waiting, rotatedOut].filter((version) => version !== undefined).sort(byAge),
];

/** One more waits. It replaces one that was never in use. */
export const add = <V extends Version>(versions: Versions<V>, waiting: V): Versions<V> => ({ ...versions, waiting });

/** The fingerprint of the one to rotate to where the caller names none: the newest, in use or not. */
export const newest = <V extends Version>(versions: Versions<V>): string =>
  listed(versions)
    .toSorted(byAge)
    .reduce((_, last) => last).version.sha1Fingerprint;

/** Undefined where no such version is there besides the one in use. */
export const rotateTo = <V extends Version>(
  versions: Versions<V>,
  sha1Fingerprint: string,
): Versions<V> | undefined => {
  const { active, waiting, rotatedOut } = versions;
  if (waiting?.version.sha1Fingerprint === sha1Fingerprint) {
    return { active: waiting, rotatedOut: active };
  }
  if (rotatedOut?.version.sha1Fingerprint === sha1Fingerprint) {
    return { ...versions, active: rotatedOut, rotatedOut: active };
  }
  return undefined;
};

export const dropRotatedOut = <V extends Version>({ active, waiting }: Versions<V>): Versions<V> => ({
  active,
  ...(waiting && { waiting }),
});
