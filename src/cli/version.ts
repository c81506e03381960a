/**
 * The version of the package, for `--version`.
 */
import manifest from '../../package.json' with { type: 'json' };

export const { version } = manifest;
