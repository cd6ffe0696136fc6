uint64_t manhattan(point a, point b) {
    return (uint64_t)abs(a.x - b.x) + (uint64_t)abs(a.y - b.y);
}
