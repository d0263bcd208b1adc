/** What people have approved, and what was called by that. */
import { annotations } from '../../src/domain/object.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';

interface Judge {
  breaks(invariant: string): void;
  note(what: string): void;
}

/** Of a key: whatever a person's word to call again has added. */
const requestOf = (key: string): string => key.replace(/ word \d+$/, '');

export class Approvals {
  readonly #judge: Judge;
  /** For which request each plan of an object was approved last. */
  readonly #given = new Map<string, string>();
  readonly #spent = new Set<string>();

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  /** @param key the request that the object shows */
  given({ metadata, status }: SslReset, word: string, key: string): void {
    if (word !== '' && status.plan?.id === word) this.#given.set(`${metadata.uid} ${word}`, requestOf(key));
  }

  /** A call leaves a process on this record. Answers by which word. */
  sent({ metadata, spec }: SslReset, key: string): string | undefined {
    if (spec.approval !== 'Manual') return undefined;
    const approval = `${metadata.uid} ${metadata.annotations[annotations.approve] ?? ''}`;
    const request = this.#given.get(approval);
    if (request === undefined) this.#judge.breaks('a call is sent that nobody has approved');
    else if (request !== requestOf(key)) this.#judge.breaks(`a call of ${key} is sent by an approval of ${request}`);
    if (this.#spent.has(approval)) this.#judge.breaks('a call is sent by an approval that another one has used up');
    this.#judge.note('sent by an approval');
    return approval;
  }

  /** A call by that word was executed. */
  spend(approval: string): void {
    this.#spent.add(approval);
  }

  /** Nobody knows whether the last call of the object was executed. */
  spendFor({ metadata, spec, status }: SslReset): void {
    if (spec.approval === 'Manual' && status.plan !== undefined) this.spend(`${metadata.uid} ${status.plan.id}`);
  }
}
