/**
 * How numbers are written and names sorted: as the language of the browser has it.
 */

const grouped = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

/** 12,345 */
export const formatCount = (count: number): string => grouped.format(count);

/** 12.3K */
export const formatRate = (perSecond: number): string => compact.format(perSecond);

/** Sorts n2 before n10. */
export const compareNames = new Intl.Collator(undefined, { numeric: true }).compare;
