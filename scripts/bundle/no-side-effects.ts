import { trim } from './trim.ts';

const MODULES = /node_modules\/@kubernetes\/client-node\/dist\//;
/** Marks the resolving that is asked for here. */
const ASKED = Symbol('asked');

/** client-node's package.json does not say that its modules only declare things, so that all of them would be kept. */
export const noSideEffects = trim({
  name: 'no-side-effects',
  library: '@kubernetes/client-node',
  setup({ onResolve, resolve }, applied) {
    onResolve({ filter: /^@kubernetes\/client-node$|^\./ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === ASKED) return undefined;
      const { kind, importer, resolveDir } = from;
      const resolved = await resolve(path, { kind, importer, resolveDir, pluginData: ASKED });
      if (!MODULES.test(resolved.path)) return undefined;
      applied();
      return { ...resolved, sideEffects: false };
    });
  },
});
