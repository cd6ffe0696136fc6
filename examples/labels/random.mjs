// A small deterministic generator (splitmix32) and the values that the references draw from.

export const EDGES = [0, 1, -1, 2, -2, 3, 7, 100, 65535, 65536, 2147483647, -2147483648, 2147483646, -2147483647];

export class Random {
  constructor(seed) {
    this.state = seed | 0;
  }

  /** 32 random bits, unsigned. */
  bits() {
    this.state = (this.state + 0x9e3779b9) | 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  below(n) {
    return this.bits() % n;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** Signed 32 bits: small, at an edge, of random width, or anything. */
  s32() {
    const kind = this.below(4);
    if (kind === 0) return this.below(13) - 6;
    if (kind === 1) return this.pick(EDGES);
    if (kind === 2) return (this.bits() >> this.below(32)) | 0;
    return this.bits() | 0;
  }

  u32() {
    return this.s32() >>> 0;
  }

  list(most, item) {
    return Array.from({ length: this.below(most + 1) }, item);
  }
}
