/** Which object may call next. Objects wait here as keys, not as passes: one that waits keeps no worker busy. */
import type { Key } from '../lib/key.ts';
import type { Slot, Slots } from './cloud-sql-port.ts';

/** Slots of a project that passes may hold at a time: one that is held for long is sent late, beside younger ones. */
const MAX_HELD = 8;

/** Of one project, since a quota is a project's. */
interface ProjectQueue {
  /** In the order in which they came. */
  readonly waiting: Set<Key>;
  isAsking: boolean;
  held: number;
}

export class CallQueue {
  readonly #slots: Slots;
  readonly #wake: (keys: readonly Key[]) => void;
  readonly #projects = new Map<string, ProjectQueue>();
  readonly #given = new Map<Key, Slot>();
  #isClosed = false;

  constructor(slots: Slots, wake: (keys: readonly Key[]) => void) {
    this.#slots = slots;
    this.#wake = wake;
  }

  /** The slot that waits for the next pass over the object. If that does not take it, it is to be given back. */
  slotOf(key: Key): Slot | undefined {
    return this.#given.get(key);
  }

  /** The object's slot; undefined: it waits for one now, and is woken when it has it. */
  take(key: Key, project: string): Slot | undefined {
    const given = this.#given.get(key);
    if (given !== undefined) return given;
    const queue = this.#queueOf(project);
    const slot = queue.held < MAX_HELD ? this.#slots.trySlot(project) : undefined;
    if (slot !== undefined) return this.#hold(slot, key, project);
    queue.waiting.add(key);
    this.#serve(project);
    return undefined;
  }

  /** Milliseconds for which no object of the project gets a slot; 0: it only waits for others to go first. */
  pauseMs(project: string): number {
    return this.#slots.slotPauseMs(project);
  }

  /** No pass runs any more: what was given is given back. */
  close(): void {
    this.#isClosed = true;
    this.#projects.clear();
    for (const slot of this.#given.values()) slot.giveBack();
  }

  #serve(project: string): void {
    const queue = this.#projects.get(project);
    if (queue === undefined || queue.isAsking || queue.waiting.size === 0 || queue.held >= MAX_HELD) return;
    queue.isAsking = true;
    void this.#slots.slot(project).then((slot) => {
      queue.isAsking = false;
      this.#giveNext(slot, queue, project);
      this.#serve(project);
    });
  }

  #giveNext(slot: Slot, { waiting }: ProjectQueue, project: string): void {
    const [key] = waiting;
    if (key === undefined || this.#isClosed) {
      slot.giveBack();
      return;
    }
    waiting.delete(key);
    this.#given.set(key, this.#hold(slot, key, project));
    this.#wake([key]);
  }

  #hold(slot: Slot, key: Key, project: string): Slot {
    this.#queueOf(project).held += 1;
    const end = (how: 'spend' | 'giveBack'): void => {
      if (!isHeld) return;
      isHeld = false;
      if (this.#given.get(key) === held) this.#given.delete(key);
      slot[how]();
      this.#queueOf(project).held -= 1;
      this.#serve(project);
    };
    let isHeld = true;
    const held: Slot = { spend: () => end('spend'), giveBack: () => end('giveBack') };
    return held;
  }

  #queueOf(project: string): ProjectQueue {
    const queue = this.#projects.get(project) ?? { waiting: new Set(), isAsking: false, held: 0 };
    this.#projects.set(project, queue);
    return queue;
  }
}
