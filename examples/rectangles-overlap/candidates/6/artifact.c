bool rectangles_overlap(rect a, rect b) {
  return !(a.right <= b.left || a.top >= b.bottom);
}
