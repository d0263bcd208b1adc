import { z } from 'zod';
import type { Scenario } from '../scenario.ts';

const Said = z.object({ cpu: z.number(), turn: z.number() });

/** In CPU time, which what else the machine does is no part of. */
export const encoding: Scenario = {
  name: 'encoding',
  what: 'truststores, keystores and the other formats of an object',
  async measure(lab) {
    const said = await lab.startScript('encoding.ts', []).says('"turn"');
    const { cpu, turn } = Said.parse(JSON.parse(said));
    return [
      { metric: 'encoding', who: 'ours', value: cpu },
      { metric: 'encodingTurn', who: 'ours', value: turn },
    ];
  },
};
