/** The proxy variables of the environment: what is wrong with them, and which hosts are never asked through a proxy. */
import { BlockList, isIP, isIPv4 } from 'node:net';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ProxyJudgement {
  /** Variables as the libraries are to see them; none where no proxy is set. */
  readonly variables: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

/**
 * Hosts that say who this machine is: a proxy would answer with its own identity, or not at all. Those of Google,
 * https://cloud.google.com/compute/docs/metadata/querying-metadata, and of AWS, which federation asks.
 */
const METADATA = [
  '169.254.169.254',
  'metadata.google.internal',
  'metadata.google.internal.',
  '[fd20:ce::254]',
  '169.254.170.2',
  '[fd00:ec2::254]',
];
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
/** Where tokens come from. */
const ISSUERS = ['oauth2.googleapis.com', 'sts.googleapis.com', 'iamcredentials.googleapis.com'];

const PROXY_VARIABLES = ['HTTPS_PROXY', 'HTTP_PROXY'] as const;

/**
 * google-auth-library asks everything through the proxy but for hosts that NO_PROXY names literally or by a suffix with
 * a dot, and Node knows no CIDR. So each host that is not to be proxied, by the rules of Go's clients, is named there.
 * @param asked URLs of the Cloud SQL Admin API and of the credentials file
 */
export function judgeProxies(env: Environment, asked: readonly string[]): ProxyJudgement {
  const proxies = PROXY_VARIABLES.flatMap((name) => {
    const value = settingOf(env, name);
    return value === undefined ? [] : [{ name, value: value.includes('://') ? value : `http://${value}` }];
  });
  if (proxies.length === 0) return { variables: {}, problems: [] };
  const rules = rulesOf(settingOf(env, 'NO_PROXY'));
  const urls = [...ISSUERS.map((host) => `https://${host}`), ...asked].flatMap((text) => URL.parse(text) ?? []);
  const direct = urls.filter((url) => isDirect(url, rules)).map(({ hostname }) => hostname);
  const hosts = new Set([...rules, ...METADATA, ...metadataHosts(env), ...LOOPBACK, ...direct]);
  const settings = [...proxies, { name: 'NO_PROXY', value: [...hosts].join(',') }];
  return {
    variables: Object.fromEntries(
      settings.flatMap(({ name, value }) => [
        [name, value],
        [name.toLowerCase(), value],
      ]),
    ),
    // The value may hold a password.
    problems: proxies
      .filter(({ value }) => !/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
      .map(({ name }) => `${name}: expected a proxy as an http(s):// URL`),
  };
}

/** An empty variable counts as unset; of both spellings the upper-case one counts, as in Go. */
const settingOf = (env: Environment, name: string): string | undefined =>
  env[name]?.trim() || env[name.toLowerCase()]?.trim() || undefined;

const rulesOf = (list = ''): readonly string[] => list.split(/[\s,]+/).filter((rule) => rule !== '');

const metadataHosts = (env: Environment): readonly string[] =>
  [env.GCE_METADATA_HOST, env.GCE_METADATA_IP].flatMap((host) => {
    const url = URL.parse(host?.includes('://') ? host : `http://${host ?? ''}`);
    return url === null || url.hostname === '' ? [] : [url.hostname];
  });

/**
 * Whether one of the rules of NO_PROXY names the host: `*`, an address, a CIDR block, a domain with what is below it, or
 * what is below it alone (`.example.com`, `*.example.com`), each but `*` and a block also with a port
 * (https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config).
 */
export function isDirect(url: URL, rules: readonly string[]): boolean {
  const host = bare(url.hostname);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return rules.some((rule) => matches(rule.toLowerCase(), host, port));
}

function matches(rule: string, host: string, port: string): boolean {
  if (rule === '*') return true;
  if (rule.includes('/')) return isInBlock(host, rule);
  const [, name = rule, rulePort] = /^(.*?\]?)(?::(\d+))?$/.exec(isIP(rule) === 6 ? `[${rule}]` : rule) ?? [];
  if (rulePort !== undefined && rulePort !== port) return false;
  const domain = bare(name).replace(/^\*(?=\.)/, '');
  if (domain === '') return false;
  if (domain.startsWith('.')) return isIP(host) === 0 && host.endsWith(domain);
  return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`));
}

function isInBlock(host: string, rule: string): boolean {
  const [network = '', prefix = ''] = rule.split('/');
  const family = isIPv4(network) ? 'ipv4' : 'ipv6';
  const isBlock = isIP(network) !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 'ipv4' ? 32 : 128);
  if (!isBlock || isIP(host) === 0) return false;
  const block = new BlockList();
  block.addSubnet(network, Number(prefix), family);
  return block.check(host, isIPv4(host) ? 'ipv4' : 'ipv6');
}

/** Without the brackets of an IPv6 address and the dot that ends an absolute name. */
const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
