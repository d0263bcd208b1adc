declare const OPERATOR_VERSION: string;

/** From package.json when built; the sources run as they are have none. */
export const version: string = typeof OPERATOR_VERSION === 'undefined' ? 'unbuilt' : OPERATOR_VERSION;
