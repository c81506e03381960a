/**
 * The colours, once for light and once for dark surroundings. They are told apart by people who see red and green
 * alike, and no picture relies on colour alone: functions, outcomes and nodes differ in shape, dash or place as well.
 */

const light = {
  page: '#ffffff',
  card: '#f6f7f9',
  text: '#1a1f26',
  muted: '#5b6673',
  line: '#c9ced6',
  grid: '#e9ecf0',
  shade: '#8793a3',
  good: '#00714f',
  'good-soft': '#e2f4ec',
  bad: '#c8102e',
  'bad-soft': '#fdebec',
  unsure: '#8a5a00',
  'unsure-soft': '#fdf3dc',
  band: '#b8dcd0',
  'band-edge': '#3f9579',
  ok: '#4a86b8',
  'ok-soft': '#c2dbee',
  info: '#e08e00',
  fail: '#3d444d',
  c0: '#0067a5',
  c1: '#d07a00',
  c2: '#00875f',
  c3: '#b8508f',
  c4: '#3a9bd6',
  c5: '#857a00',
};

const dark: Readonly<Record<keyof typeof light, string>> = {
  page: '#13171c',
  card: '#1c2229',
  text: '#e8ebef',
  muted: '#9ba6b3',
  line: '#454e59',
  grid: '#262d35',
  shade: '#8b98a8',
  good: '#4fd1a1',
  'good-soft': '#12332a',
  bad: '#ff6b75',
  'bad-soft': '#3a1a1f',
  unsure: '#f0b84a',
  'unsure-soft': '#362a12',
  band: '#1f4a3e',
  'band-edge': '#4fae90',
  ok: '#5b9fd4',
  'ok-soft': '#2a4a66',
  info: '#f0a830',
  fail: '#c3cad3',
  c0: '#5aa9e6',
  c1: '#f0a13c',
  c2: '#3fc296',
  c3: '#e08bbd',
  c4: '#9fd4f5',
  c5: '#cfc35a',
};

/** How many colours there are for things without a fixed one: c0, c1, … */
export const HUES = 6;

const variables = (colours: Readonly<Record<string, string>>): string =>
  Object.entries(colours)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';');

/** The colours as CSS variables on `selector`. */
export const paletteCss = (selector: string): string =>
  `${selector}{color-scheme:light dark;${variables(light)}}
@media (prefers-color-scheme:dark){${selector}{${variables(dark)}}}`;

const classes = (names: readonly string[], rule: (name: string) => string): string =>
  names.map(rule).join('\n');

/** The look of everything that is drawn. The element's class chooses a colour, `fill` and `stroke` how it is put on. */
export const pictureCss = `svg{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',Arial,sans-serif;display:block}
svg text{fill:var(--text)}
svg .muted{fill:var(--muted)}
svg .small{font-size:10.5px}
svg .strong{font-weight:600}
svg .middle{text-anchor:middle}
svg .end{text-anchor:end}
svg .grid{stroke:var(--grid)}
svg .line{stroke:var(--line)}
svg .backdrop{fill:var(--page)}
svg .shade{fill:var(--shade);opacity:.13}
svg .strip{fill:var(--shade);opacity:.4}
svg .band{fill:var(--band);stroke:var(--band-edge);stroke-width:.8}
svg .counted{fill:var(--ok);opacity:.07}
svg .whisker{stroke:var(--band);fill:none;stroke-width:3}
svg .halo{paint-order:stroke;stroke:var(--page);stroke-width:3px;stroke-linejoin:round}
${classes(['muted', 'text', 'good', 'bad', 'ok', 'ok-soft', 'info', 'fail', 'line', 'c0', 'c1', 'c2', 'c3', 'c4', 'c5'], (name) => `svg .${name}{color:var(--${name})}`)}
svg .missing{fill:var(--bad-soft);stroke:var(--bad);stroke-width:1.6}
svg .fill{fill:currentColor}
svg .stroke{stroke:currentColor;fill:none}
svg .dot{stroke:currentColor;fill:none;stroke-linecap:round;stroke-width:4.4}
svg .thick{stroke-width:2.2}
svg .thin{stroke-width:1}
svg .faint{opacity:.55}
svg .dashed{stroke-dasharray:5 3}
svg .dotted{stroke-dasharray:1.5 3}
svg .inside{fill:var(--page);font-weight:600}
svg text.bad{fill:var(--bad);font-weight:600}`;
