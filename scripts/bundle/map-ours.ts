import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

const FILE_ONLY = `data:application/json;base64,${btoa('{"version":3,"sources":[""],"mappings":"AAAA"}')}`;

/** As the text of a library: a stack names its file, and no position in it. */
export const withFileOnly = (text: string): string => `${text}\n//# sourceMappingURL=${FILE_ONLY}`;

/**
 * Of the libraries a stack names the files alone: with all their positions the map would be five times as large, and take
 * 90 MB when a stack is read.
 */
export const mapOurs: Plugin = {
  name: 'map-ours',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules\/.*\.[cm]?js$/ }, async ({ path }) => ({
      contents: withFileOnly(await readFile(path, 'utf8')),
    }));
  },
};
