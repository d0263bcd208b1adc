import { Fifo } from './fifo.ts';

/** First in, first out for each tenant. Tenants take turns, however many items one of them has. */
export class RoundRobin<T> {
  readonly #items = new Map<string, Fifo<T>>();
  /** The tenants that have items, each once. */
  readonly #turns = new Fifo<string>();

  push(item: T, tenant: string): void {
    const items = this.#items.get(tenant) ?? this.#begin(tenant);
    items.push(item);
  }

  shift(): T | undefined {
    const tenant = this.#turns.shift();
    if (tenant === undefined) return undefined;
    const items = this.#items.get(tenant);
    const item = items?.shift();
    if (items === undefined || items.isEmpty) this.#items.delete(tenant);
    else this.#turns.push(tenant);
    return item;
  }

  clear(): void {
    this.#items.clear();
    this.#turns.clear();
  }

  #begin(tenant: string): Fifo<T> {
    const items = new Fifo<T>();
    this.#items.set(tenant, items);
    this.#turns.push(tenant);
    return items;
  }
}
