import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { DIST } from '../../support/operator/program.ts';
import type { Scenario } from '../scenario.ts';

/** It loads every Google API. */
const FORBIDDEN = 'node_modules/googleapis/build/src/index.js';

/** What esbuild tells of its work: each module that went in. */
const Metafile = z.object({ inputs: z.record(z.string(), z.unknown()) });

export const bundle: Scenario = {
  name: 'bundle',
  what: 'the size of the bundle, and what is in it',
  async measure() {
    const text = await readFile(`${DIST}cloudsql-ssl-operator.meta.json`, 'utf8');
    const { inputs } = Metafile.parse(JSON.parse(text));
    return [
      { metric: 'bundle', who: 'ours', value: (await stat(`${DIST}cloudsql-ssl-operator.cjs`)).size / 1e6 },
      { metric: 'forbidden', who: 'ours', value: Object.keys(inputs).filter((path) => path === FORBIDDEN).length },
    ];
  },
};
