/**
 * How a make target fails: with exit status 1, and with this message as its last line. Any other error is a bug, and shows
 * its stack.
 */

/** What was looked for is not so. The message is one line, and says what to do where something can be done. */
export class Failure extends Error {}
