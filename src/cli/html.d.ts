/**
 * What an import of an HTML document is: its text, which esbuild puts into the bundle.
 */

declare module '*.html' {
  const text: string;
  export default text;
}
