/**
 * Runs a program of dist/, with stack traces that name lines of the TypeScript sources.
 *
 * Node can do that by itself (`--enable-source-maps`), but then reads the source map at each start, which takes 5 ms or
 * more. Here it is read when a stack trace is first needed. Worker threads pass through this file as well, since they
 * run the launcher of their program.
 */
const { existsSync, readFileSync } = require('node:fs');
const { SourceMap } = require('node:module');
const path = require('node:path');

/** @param {string} name */
module.exports = (name) => {
  const program = path.join(__dirname, '../dist', `${name}.cjs`);
  if (existsSync(program)) {
    mapStackTraces(program);
    require(program);
  } else {
    console.error(`${name} is not built: run \`npm ci && npm run build\` in ${path.join(__dirname, '..')}`);
    process.exitCode = 1;
  }
};

/** @param {string} program */
function mapStackTraces(program) {
  /** @type {SourceMap | undefined} */
  let map;

  /**
   * @param {NodeJS.CallSite} site
   * @param {string} text the same as V8 writes it
   */
  const mapped = (site, text) => {
    if (site.getFileName() !== program) return text;
    const [line, column] = [site.getLineNumber() ?? 0, site.getColumnNumber() ?? 0];
    map ??= new SourceMap(JSON.parse(readFileSync(`${program}.map`, 'utf8')));
    const origin = map.findOrigin(line, column);
    if (!('fileName' in origin)) return text;
    const file = path.join(path.dirname(program), origin.fileName);
    return text.replace(
      `${program}:${line}:${column}`,
      () => `${file}:${origin.lineNumber}:${origin.columnNumber}`,
    );
  };

  Error.prepareStackTrace = (error, sites) => {
    let frames = sites.map(String);
    try {
      frames = sites.map((site, i) => mapped(site, frames[i] ?? ''));
    } catch {
      // The map cannot be read, so the lines of the bundle must do.
    }
    return [String(error), ...frames].join('\n    at ');
  };
}
