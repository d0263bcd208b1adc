/** Whose call may begin next. Objects wait here as names, not as passes: whoever waits keeps nobody from working. */
import type { SslReset } from '../domain/ssl-reset.ts';
import { keyOf, refOf } from './indexed-reset.ts';
import type { ObjectRef, Slot, Slots } from './ports.ts';

/** Slots of a project that passes may hold at a time: one that is held for long is sent late, beside younger ones. */
const MAX_HELD = 8;

interface Line {
  /** In the order in which they came. */
  readonly keys: Set<string>;
  isAsking: boolean;
  held: number;
}

/** One line for each project, since a quota is a project's. */
export class Turns {
  readonly #slots: Slots;
  readonly #wake: (refs: readonly ObjectRef[]) => void;
  readonly #lines = new Map<string, Line>();
  readonly #given = new Map<string, Slot>();
  #isClosed = false;

  constructor(slots: Slots, wake: (refs: readonly ObjectRef[]) => void) {
    this.#slots = slots;
    this.#wake = wake;
  }

  /** The slot that waits for the pass of the object that begins now. If it is not taken, it is to be given back. */
  waitingFor(ref: ObjectRef): Slot | undefined {
    return this.#given.get(keyOf(ref));
  }

  /** The object's slot; undefined: it stands in line now, and is woken when its turn comes. */
  take({ metadata, spec }: SslReset): Slot | undefined {
    const key = keyOf(metadata);
    const given = this.#given.get(key);
    if (given !== undefined) return given;
    const line = this.#lineOf(spec.project);
    const slot = line.held < MAX_HELD ? this.#slots.trySlot(spec.project) : undefined;
    if (slot !== undefined) return this.#hold(slot, key, spec.project);
    line.keys.add(key);
    this.#serve(spec.project);
    return undefined;
  }

  /** Milliseconds for which nobody of the object's project gets a turn; 0: it is a matter of the line alone. */
  pauseMs({ spec }: SslReset): number {
    return this.#slots.slotPauseMs(spec.project);
  }

  /** Nobody works any more: what was given is given back. */
  close(): void {
    this.#isClosed = true;
    this.#lines.clear();
    for (const slot of this.#given.values()) slot.giveBack();
  }

  #serve(project: string): void {
    const line = this.#lines.get(project);
    if (line === undefined || line.isAsking || line.keys.size === 0 || line.held >= MAX_HELD) return;
    line.isAsking = true;
    void this.#slots.slot(project).then((slot) => {
      line.isAsking = false;
      this.#giveNext(slot, line, project);
      this.#serve(project);
    });
  }

  #giveNext(slot: Slot, { keys }: Line, project: string): void {
    const [key] = keys;
    if (key === undefined || this.#isClosed) {
      slot.giveBack();
      return;
    }
    keys.delete(key);
    this.#given.set(key, this.#hold(slot, key, project));
    this.#wake([refOf(key)]);
  }

  #hold(slot: Slot, key: string, project: string): Slot {
    this.#lineOf(project).held += 1;
    const end = (how: 'spend' | 'giveBack'): void => {
      if (!isHeld) return;
      isHeld = false;
      if (this.#given.get(key) === held) this.#given.delete(key);
      slot[how]();
      this.#lineOf(project).held -= 1;
      this.#serve(project);
    };
    let isHeld = true;
    const held: Slot = { spend: () => end('spend'), giveBack: () => end('giveBack') };
    return held;
  }

  #lineOf(project: string): Line {
    const line = this.#lines.get(project) ?? { keys: new Set(), isAsking: false, held: 0 };
    this.#lines.set(project, line);
    return line;
  }
}
