/**
 * The X.509 library's dependency injection asks for the metadata half of `Reflect` when it is loaded.
 * These three functions are all of it that it calls; import this file before the library.
 */
type Metadata = Map<unknown, unknown>;

const metadataOf = new WeakMap<WeakKey, Metadata>();

const getMetadata = (key: unknown, target: WeakKey): unknown => metadataOf.get(target)?.get(key);

const defineMetadata = (key: unknown, value: unknown, target: WeakKey): void => {
  const metadata: Metadata = metadataOf.get(target) ?? new Map();
  metadataOf.set(target, metadata.set(key, value));
};

if (!('getMetadata' in Reflect)) {
  Object.assign(Reflect, { getMetadata, getOwnMetadata: getMetadata, defineMetadata });
}
