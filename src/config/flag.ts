export interface Flag {
  readonly name: string;
  /** What stands for its value in the help. */
  readonly value: string;
  readonly default?: string;
  readonly help: string;
  /** Given several times, the values are joined by commas. */
  readonly isList?: boolean;
}

/** A flag has the name of its key, without the unit: `pollMinMs` is `--poll-min`. */
export const nameOf = (key: string): string =>
  key.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const environmentVariable = ({ name }: Flag): string =>
  `CLOUDSQL_SSL_${name.toUpperCase().replaceAll('-', '_')}`;
