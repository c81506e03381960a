/** The picture of a run: what it came to, why, and how it went. Built from what was recorded, and from nothing else. */
import type { ReportInput } from './input.ts';
import { latencyQuantilesPicture } from './latency-quantiles.ts';
import { latencyRawPicture } from './latency-raw.ts';
import { messagesPicture } from './messages.ts';
import { pageHtml } from './page.ts';
import { standalone } from './picture.ts';
import { ratePicture } from './rate.ts';
import { timelinePicture } from './timeline.ts';
import { valuePicture } from './value.ts';
import { firstEvidence } from './verdict.ts';
import { viewOf } from './view.ts';

export type { ReportInput, TimeWindow } from './input.ts';
export { diagramWindow } from './window.ts';

export interface Report {
  /** One self-contained page. */
  readonly html: string;
  /** The pictures by file name, each an SVG that stands on its own. */
  readonly pictures: ReadonlyMap<string, string>;
}

export function report(input: ReportInput): Report {
  const view = viewOf(input);
  const evidence = firstEvidence(view);
  const pictures = [
    valuePicture(view),
    latencyRawPicture(view),
    latencyQuantilesPicture(view),
    ratePicture(view),
    timelinePicture(view),
    messagesPicture(view),
  ];
  const files = [...(evidence === undefined ? [] : [evidence]), ...pictures];
  return {
    html: pageHtml(view, evidence, pictures),
    pictures: new Map(files.map((picture) => [`${picture.name}.svg`, standalone(picture)])),
  };
}
