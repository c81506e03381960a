/** esbuild bundles a document as its text. */
declare module '*.html' {
  const text: string;
  export default text;
}
