/**
 * Where the server's routes are for this page: below the path at which the browser has found the page. A proxy may serve
 * it below a prefix that the server knows nothing of, with or without a slash at the end.
 */

/** The URL of a route, which is given without a slash before it. */
export const urlOf = (route: string): string =>
  `${location.origin}${location.pathname.replace(/\/?$/, '/')}${route}`;
