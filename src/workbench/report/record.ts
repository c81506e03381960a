import type { Judgement } from '../nodes/checker.ts';
import { diagramWindow, report } from './report.ts';
import type { Results } from '../nodes/results.ts';
import type { Run } from '../nodes/run.ts';
import type { RunDirectory } from './run-directory.ts';

/** Leaves all that is to be kept of a finished run in its directory: data, report and pictures. */
export async function record(
  directory: RunDirectory,
  run: Run,
  judgement: Judgement,
  results: Results,
): Promise<void> {
  const { operations, faultIntervals: faults } = run;
  await directory.finish(operations, results);
  // The report shows the messages of a moment that is known only now. Keeping all in memory would cost more.
  const window = diagramWindow(operations, judgement);
  const deliveries = await directory.deliveriesWithin(window);
  const { messageTypes, title } = directory;
  const input = { title, results, judgement, operations, deliveries, window, faults, messageTypes };
  const { html, pictures } = report(input);
  directory.write('report.html', html);
  for (const [name, picture] of pictures) directory.write(name, picture);
}
