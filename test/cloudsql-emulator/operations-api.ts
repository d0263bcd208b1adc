import type { Handler } from './call.ts';
import type { Operation } from './operations.ts';
import { list, operationResource } from './resources.ts';

const defaultPageSize = 100;

/** Links and tokens of a page name the last operation of the page before. */
const pageOf = (operations: readonly Operation[], query: URLSearchParams) => {
  const token = query.get('pageToken');
  const start =
    token === null ? 0 : operations.findIndex(({ name }) => name === Buffer.from(token, 'base64url').toString()) + 1;
  const end = start + (Number(query.get('maxResults')) || defaultPageSize);
  const page = operations.slice(start, end);
  const last = page.at(-1);
  const nextPageToken = last && end < operations.length ? Buffer.from(last.name).toString('base64url') : undefined;
  return { page, nextPageToken };
};

export const listOperations: Handler = ({ cloud, route, query, fault, base }) => {
  const hiddenFrom = Date.now() - (fault?.hideYoungerThanMs ?? 0);
  const visible = cloud.operations
    .list(route.project, route.instance)
    .filter(({ insertTime }) => Date.parse(insertTime) <= hiddenFrom);
  const { page, nextPageToken } = pageOf(visible, query);
  const items = page.map((operation) => operationResource(operation, base));
  return { body: list('sql#operationsList', items, nextPageToken === undefined ? {} : { nextPageToken }) };
};

export const getOperation: Handler = ({ cloud, route, base }) => ({
  body: operationResource(cloud.operations.get(route.project, route.operation ?? ''), base),
});
