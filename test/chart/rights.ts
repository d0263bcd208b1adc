import { arrayAt } from '../../src/lib/json.ts';
import type { Answered } from '../support/kubernetes/api-proxy.ts';
import type { Rendered } from './helm.ts';

/** `group/resource verb`, such as `apps/deployments patch`; the core group has no name. */
export type Right = string;

const PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/v[^/]+(?:\/namespaces\/[^/]+(?=\/))?\/(?<resource>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<part>[^/]+))?$/;

/** The rights that the API server has asked for before it answered this. */
export function rightsFor({ method, url, status }: Answered): readonly Right[] {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const { group = '', resource, name, part } = PATH.exec(pathname)?.groups ?? {};
  if (resource === undefined) throw new Error(`${method} ${url} is about no resource`);
  const what = `${group}/${part === undefined ? resource : `${resource}/${part}`}`;
  const right = `${what} ${verbOf(method, name !== undefined, searchParams.get('watch') === 'true')}`;
  // A patch that makes the object takes the right to create it as well.
  return method === 'PATCH' && status === 201 ? [right, `${what} create`] : [right];
}

function verbOf(method: string, isNamed: boolean, isWatch: boolean): string {
  switch (method) {
    case 'GET':
      if (isNamed) return 'get';
      return isWatch ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
    default:
      throw new Error(`The operator sends no ${method}`);
  }
}

/** All that these Roles and ClusterRoles allow. */
export function granted(roles: readonly Rendered[]): ReadonlySet<Right> {
  const rules = roles.flatMap(({ object }) => arrayAt(object, 'rules'));
  return new Set(
    rules.flatMap((rule) =>
      arrayAt(rule, 'apiGroups').flatMap((group) =>
        arrayAt(rule, 'resources').flatMap((resource) =>
          arrayAt(rule, 'verbs').map((verb) => `${group}/${resource} ${verb}`),
        ),
      ),
    ),
  );
}
