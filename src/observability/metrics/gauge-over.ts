import { Gauge, type MetricObjectWithValues, type MetricValue, type Registry } from 'prom-client';

export interface Series<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

export interface GaugeOverOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
  readonly registers: Registry[];
  readonly series: () => Iterable<Series<Label>>;
}

/** A gauge that keeps nothing: its series are read off when somebody asks, and so go with what they speak of. */
export class GaugeOver<Label extends string> extends Gauge<Label> {
  readonly #series: () => Iterable<Series<Label>>;

  constructor({ series, ...options }: GaugeOverOptions<Label>) {
    super({ ...options, labelNames: [...options.labelNames] });
    this.#series = series;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValue<Label>>> {
    const values = [...this.#series()].map(({ labels, value }) => ({ labels, value }));
    return { ...(await super.get()), values };
  }
}
