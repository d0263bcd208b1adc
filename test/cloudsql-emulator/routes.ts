/** The methods that are emulated, each with its right and its paths below `/projects/{project}`. */
const methods = {
  'instances.list': ['GET', '/instances', 'cloudsql.instances.list'],
  'instances.get': ['GET', '/instances/{instance}', 'cloudsql.instances.get'],
  resetSslConfig: ['POST', '/instances/{instance}/resetSslConfig', 'cloudsql.instances.resetSslConfig'],
  restart: ['POST', '/instances/{instance}/restart', 'cloudsql.instances.restart'],
  listServerCas: ['GET', '/instances/{instance}/listServerCas', 'cloudsql.instances.listServerCas'],
  listServerCertificates: [
    'GET',
    '/instances/{instance}/listServerCertificates',
    'cloudsql.instances.listServerCertificates',
  ],
  addServerCa: ['POST', '/instances/{instance}/addServerCa', 'cloudsql.instances.addServerCa'],
  rotateServerCa: ['POST', '/instances/{instance}/rotateServerCa', 'cloudsql.instances.rotateServerCa'],
  // Unverified: the names of the rights of the two methods for CA services, and of listServerCertificates.
  addServerCertificate: [
    'POST',
    '/instances/{instance}/addServerCertificate',
    'cloudsql.instances.addServerCertificate',
  ],
  rotateServerCertificate: [
    'POST',
    '/instances/{instance}/rotateServerCertificate',
    'cloudsql.instances.rotateServerCertificate',
  ],
  'sslCerts.list': ['GET', '/instances/{instance}/sslCerts', 'cloudsql.sslCerts.list'],
  'sslCerts.insert': ['POST', '/instances/{instance}/sslCerts', 'cloudsql.sslCerts.create'],
  'sslCerts.get': ['GET', '/instances/{instance}/sslCerts/{fingerprint}', 'cloudsql.sslCerts.get'],
  'sslCerts.delete': ['DELETE', '/instances/{instance}/sslCerts/{fingerprint}', 'cloudsql.sslCerts.delete'],
  connectSettings: ['GET', '/instances/{instance}/connectSettings', 'cloudsql.instances.connect'],
  generateEphemeralCert: ['POST', '/instances/{instance}:generateEphemeralCert', 'cloudsql.instances.connect'],
  'operations.list': ['GET', '/operations', 'cloudsql.instances.list'],
  'operations.get': ['GET', '/operations/{operation}', 'cloudsql.instances.get'],
} as const;

export type Api = keyof typeof methods;

export interface Route {
  readonly api: Api;
  readonly permission: string;
  readonly project: string;
  readonly instance: string | undefined;
  readonly fingerprint: string | undefined;
  readonly operation: string | undefined;
}

interface Pattern {
  readonly api: Api;
  readonly method: string;
  readonly permission: string;
  readonly path: RegExp;
}

const isApi = (name: string): name is Api => name in methods;

/** The names of the emulated methods. */
export const apis: readonly Api[] = Object.keys(methods).filter(isApi);

/** Every permission that a method asks for. */
export const permissions: readonly string[] = [...new Set(apis.map((api) => methods[api][2]))];

const prefix = '^/(?:v1|sql/v1beta4)/projects/(?<project>[^/]+)';

const patterns: readonly Pattern[] = apis.map((api) => {
  const [method, path, permission] = methods[api];
  return { api, method, permission, path: new RegExp(`${prefix}${path.replace(/\{(\w+)\}/g, '(?<$1>[^/:]+)')}$`) };
});

const match = (pattern: Pattern, method: string, pathname: string): Route | undefined => {
  const groups = pattern.method === method ? pattern.path.exec(pathname)?.groups : undefined;
  if (groups?.project === undefined) {
    return undefined;
  }
  const { project, instance, fingerprint, operation } = groups;
  return { api: pattern.api, permission: pattern.permission, project, instance, fingerprint, operation };
};

/** Which method a request calls; both versions of the API are the same here. */
export const findRoute = (method: string, pathname: string): Route | undefined => {
  const path = decodeURIComponent(pathname);
  for (const pattern of patterns) {
    const route = match(pattern, method, path);
    if (route) {
      return route;
    }
  }
  return undefined;
};
