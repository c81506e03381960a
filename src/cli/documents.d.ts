/**
 * What an import of an HTML or SVG document is: its text, with its stylesheets and scripts in it. src/inline-document.mjs
 * makes it, for the bundles and for tests.
 */

declare module '*.html' {
  const text: string;
  export default text;
}

declare module '*.svg' {
  const text: string;
  export default text;
}
