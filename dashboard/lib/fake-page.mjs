// What tests outside a browser have for `document`: it can be hidden, and seen again.

export class FakePage extends EventTarget {
  hidden = false;

  turn(hidden) {
    this.hidden = hidden;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}
