bool intersect(rect a, rect b, rect *out) {
    // Check if rectangles a and b are completely disjoint
    if (a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top) {
        return false;
    }

    // Calculate the intersection rectangle
    out->left = std::max(a.left, b.left);
    out->top = std::max(a.top, b.top);
    out->right = std::min(a.right, b.right);
    out->bottom = std::min(a.bottom, b.bottom);

    return true;
}
