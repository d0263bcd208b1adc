import type { Plugin, PluginBuild } from 'esbuild';

/** Makes the bundle smaller and its start faster, by how a library is laid out. The bundle works without it. */
export interface Trim {
  /** Of its file in this folder, and the namespace of what it adds to the bundle. */
  readonly name: string;
  readonly library: string;
  /** @param applied to be called where it has found what it is for */
  setup(build: PluginBuild, applied: () => void): void;
}

/** As a plugin that fails the build, and says what to do, where the library is not as the trim knows it. */
export const trim = ({ name, library, setup }: Trim): Plugin => ({
  name,
  setup(build) {
    let isApplied = false;
    setup(build, () => {
      isApplied = true;
    });
    build.onEnd(({ errors }) => {
      const hasFailed = errors.some(
        ({ pluginName, location }) => pluginName === name || location?.file.startsWith(`${name}:`),
      );
      const isUnused = errors.length === 0 && !isApplied;
      return hasFailed || isUnused ? { errors: [{ text: advice(name, library) }] } : undefined;
    });
  },
});

const advice = (name: string, library: string): string =>
  [
    `${name} does not fit the ${library} that is installed. Compare scripts/bundle/${name}.ts with node_modules/${library}.`,
    `Or take ${name} out of the plugins in scripts/build.ts: the bundle works without it, and starts some 5 % slower.`,
  ].join('\n');
