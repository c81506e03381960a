/**
 * The order of counters as values, which says what one copy knows of another: the partial order of their totals.
 */

/**
 * What one counter is to another: `before` it if merging the other in changes it, but not the other way round; `after` it if
 * the reverse; `equal`; or `concurrent`, if each has something that the other lacks.
 */
export type Order = 'before' | 'equal' | 'after' | 'concurrent';
