bool rectangles_overlap(rect a, rect b) {
  return (a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top);
}
