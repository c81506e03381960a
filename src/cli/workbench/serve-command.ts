/**
 * `g-counter-workbench serve`: its flags, and the server's start and end.
 */
import { statSync } from 'node:fs';
import { HOST, type RunServer, serveRuns } from '../../workbench/serve/run-server.ts';
import { UsageError, hostNamesFrom, numberFrom, parseOptions } from '../arguments.ts';
import { listenErrorText } from '../listen-error.ts';
import { whenStopped } from './interruption.ts';

const MAX_PORT = 65_535;

export const serveHelp = `Usage: g-counter-workbench serve [--port N] [--store DIR]
                                 [--allow-host NAME]

  --port N       the port to listen on, on this machine only (default 8080; 0
                 takes any free port)
  --store DIR    the run directory (default store)
  --allow-host NAME
                 be asked by this name too, not only by localhost and by IP
                 addresses; several are separated by commas

Lists past runs in a browser, newest first, with their verdicts, figures and
reports, until Ctrl-C. Exit status: 0 stopped, 1 the port cannot be used, 2 a
bad command line.`;

const specs = {
  port: { type: 'string', default: '8080' },
  store: { type: 'string', default: 'store' },
  'allow-host': { type: 'string', default: '' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Serves past runs until it is to stop, and resolves with the exit status. */
export async function serveCommand(args: string[], stop: AbortSignal): Promise<number> {
  const { values } = parseOptions(args, specs, false);
  if (values.help) {
    console.log(serveHelp);
    return 0;
  }
  const port = numberFrom('port', values.port, { min: 0, max: MAX_PORT, integer: true });
  const hostNames = hostNamesFrom('allow-host', values['allow-host']);
  if (!statSync(values.store, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`--store ${values.store} is not a directory; the first run creates it`);
  }
  let server: RunServer;
  try {
    server = await serveRuns(values.store, port, hostNames);
  } catch (error) {
    process.stderr.write(`g-counter-workbench: ${listenErrorText(error, HOST, port)}\n`);
    return 1;
  }
  console.log(`runs in ${values.store}: ${server.url}`);
  await whenStopped(stop);
  server.close();
  return 0;
}
