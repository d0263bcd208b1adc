/** One thing that a client is given, and what it has to say to it. */
export interface Row {
  readonly client: string;
  readonly given: string;
  /** What it prints. */
  readonly says: () => Promise<string>;
  readonly expected: RegExp;
}

/** What clients connect with. */
export interface Setup {
  /**
   * Of a server on 127.0.0.1 that demands a client certificate of its user `app`: a PostgreSQL with a database `postgres`,
   * or a MariaDB.
   */
  readonly port: number;
  /** The path of a file that is published. */
  readonly file: (name: string) => string;
  /** An empty folder for what is built or downloaded. */
  readonly folder: string;
}

/** Clients that need the same programs. */
export interface Judge {
  /** The rows that are missing where a program is. */
  readonly rows: string;
  readonly programs: readonly string[];
  readonly judge: (setup: Setup) => Promise<readonly Row[]>;
}
