uint64_t manhattan(point a, point b) {
  return (uint64_t)(abs(a.x - b.x) + abs(a.y - b.y));
}
