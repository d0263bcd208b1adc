import type { IncomingMessage } from 'node:http';
import type { AccessToken, Account } from './accounts.ts';
import type { Cloud } from './cloud.ts';
import type { RequestListener } from './http.ts';

export interface MetadataOptions {
  readonly project: string;
  /** The e-mail of the account that the machine runs as. */
  readonly email: string;
  readonly tokenLifetimeSeconds: number;
}

/** As the real one: the same token until it is nearly over. */
const renewBeforeMs = 60_000;

class TokenSource {
  readonly #cloud: Cloud;
  readonly #options: MetadataOptions;
  #token: AccessToken | undefined;
  #expiresAt = 0;

  constructor(cloud: Cloud, options: MetadataOptions) {
    this.#cloud = cloud;
    this.#options = options;
  }

  get account(): Account | undefined {
    return this.#cloud.accounts.find(this.#options.email);
  }

  token(): object {
    const { email, tokenLifetimeSeconds } = this.#options;
    const now = Date.now();
    if (!this.#token || now > this.#expiresAt - renewBeforeMs || !this.#cloud.accounts.isValid(this.#token.token)) {
      this.#token = this.#cloud.accounts.issue(email, tokenLifetimeSeconds);
      this.#expiresAt = now + tokenLifetimeSeconds * 1000;
    }
    const expiresIn = Math.floor((this.#expiresAt - now) / 1000);
    return { access_token: this.#token.token, expires_in: expiresIn, token_type: 'Bearer' };
  }
}

type Value = string | object;

const accountValue = (source: TokenSource, account: Account, leaf: string): Value | undefined => {
  const { email, scopes } = account;
  switch (leaf) {
    case 'token':
      return source.token();
    case 'email':
      return email;
    case 'scopes':
      return `${scopes.join('\n')}\n`;
    case 'aliases':
      return 'default\n';
    case '':
      return { aliases: ['default'], email, scopes };
    default:
      return undefined;
  }
};

const serviceAccounts = 'instance/service-accounts';

const lookUp = (source: TokenSource, project: string, path: string): Value | undefined => {
  const account = source.account;
  const [, name, leaf = ''] = new RegExp(`^${serviceAccounts}/([^/]+)(?:/(\\w*))?$`).exec(path) ?? [];
  if (account && (name === 'default' || name === account.email)) {
    return accountValue(source, account, leaf);
  }
  switch (path.replace(/\/$/, '')) {
    case '':
      return 'instance/\nproject/\nuniverse/\n';
    case 'instance':
      return 'id\nservice-accounts/\n';
    case 'instance/id':
      return '1';
    case serviceAccounts:
      return account
        ? { default: accountValue(source, account, ''), [account.email]: accountValue(source, account, '') }
        : {};
    case 'project/project-id':
      return project;
    case 'universe/universe-domain':
      return 'googleapis.com';
    default:
      return undefined;
  }
};

/** A folder without `recursive=true` is a list of names. */
const folder = (value: object): string =>
  Object.entries(value)
    .map(([name, entry]) => (typeof entry === 'object' && !Array.isArray(entry) ? `${name}/\n` : `${name}\n`))
    .join('');

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const plain = (status: number, body: string): Reply => ({ status, contentType: 'application/text', body });
const json = (value: object): Reply => ({ status: 200, contentType: 'application/json', body: JSON.stringify(value) });

const present = (path: string, value: Value, recursive: boolean): Reply => {
  if (typeof value === 'string') {
    return plain(200, value);
  }
  return recursive || path.endsWith('/token') ? json(value) : plain(200, folder(value));
};

const replyTo = (source: TokenSource, project: string, { url = '/', headers }: IncomingMessage): Reply => {
  const { pathname, searchParams } = new URL(url, 'http://metadata.google.internal');
  if (pathname === '/') {
    return plain(200, 'computeMetadata/\n');
  }
  if (headers['metadata-flavor'] !== 'Google') {
    return plain(403, 'Missing Metadata-Flavor:Google header.\n');
  }
  const path = /^\/computeMetadata\/v1\/?(.*)$/.exec(pathname)?.[1];
  const value = path === undefined ? undefined : lookUp(source, project, path);
  return path === undefined || value === undefined
    ? plain(404, 'Not found.\n')
    : present(path, value, searchParams.get('recursive') === 'true');
};

/** Answers as the metadata server of a machine that runs as one service account. */
export const metadataListener = (cloud: Cloud, options: MetadataOptions): RequestListener => {
  const source = new TokenSource(cloud, options);
  return (request, response) => {
    const { status, contentType, body } = replyTo(source, options.project, request);
    response.writeHead(status, { 'Content-Type': contentType, 'Metadata-Flavor': 'Google' });
    response.end(body);
  };
};
