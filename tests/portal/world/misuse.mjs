/** Whoever drives the simulator asked for what cannot be: the control API answers 400 with the message. */
export class Misuse extends Error {}
