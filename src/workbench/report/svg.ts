/** SVG and HTML as text. Whatever a node or a user wrote passes through `escape` on its way in. */

export type Attributes = Readonly<Record<string, string | number | undefined>>;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Makes any text safe between tags and in attributes. What XML cannot hold at all becomes U+FFFD. */
export const escape = (text: string): string =>
  text
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
    .replaceAll(/(?![\t\n\r])\p{Cc}|\p{Cs}|[\uFFFE\uFFFF]/gu, '\uFFFD');

/** An element around markup that is already safe. Attributes that are undefined are left out. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const content = children.join('');
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? px(value) : escape(value ?? '')}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/** A line of text at a point. */
export const label = (x: number, y: number, content: string, attributes: Attributes = {}): string =>
  element('text', { x, y, ...attributes }, escape(content));

/** What hovering shows. */
export const tooltip = (content: string): string => element('title', {}, escape(content));

/** A rectangle; the corners may come in any order. */
export const box = (
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  attributes: Attributes,
  ...children: readonly string[]
): string =>
  element(
    'rect',
    {
      x: Math.min(x1, x2),
      y: Math.min(y1, y2),
      width: Math.abs(x2 - x1),
      height: Math.abs(y2 - y1),
      ...attributes,
    },
    ...children,
  );

/** A tenth of a pixel is as exact as a picture needs to be. */
export const px = (n: number): string => String(Math.round(n * 10) / 10);

/** About how wide a text is at this font size. There is nothing here to measure it with. */
export const textWidth = (content: string, fontSize: number): number => content.length * fontSize * 0.58;
