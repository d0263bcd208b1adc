import { Fifo } from './fifo.ts';

/** Lines of several groups, each first in, first out. The groups take turns, however many items one of them has. */
export class Rounds<T> {
  readonly #lines = new Map<string, Fifo<T>>();
  /** The groups that have a line, each once. */
  readonly #turns = new Fifo<string>();

  push(item: T, group: string): void {
    const line = this.#lines.get(group) ?? this.#begin(group);
    line.push(item);
  }

  shift(): T | undefined {
    const group = this.#turns.shift();
    if (group === undefined) return undefined;
    const line = this.#lines.get(group);
    const item = line?.shift();
    if (line === undefined || line.isEmpty) this.#lines.delete(group);
    else this.#turns.push(group);
    return item;
  }

  clear(): void {
    this.#lines.clear();
    this.#turns.clear();
  }

  #begin(group: string): Fifo<T> {
    const line = new Fifo<T>();
    this.#lines.set(group, line);
    this.#turns.push(group);
    return line;
  }
}
