bool rectangles_overlap(rect a, rect b) {
  return !(a.left >= b.right || a.top >= b.bottom);
}
