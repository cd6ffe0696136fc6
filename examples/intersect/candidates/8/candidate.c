bool intersect(rect a, rect b, rect *out) {
    if (a.left >= b.right || a.top >= b.bottom || b.left >= a.right || b.top >= a.bottom) {
        *out = (rect){0}; // No intersection
        return false;
    }
    *out = (rect){
        .left = (a.left > b.left) ? a.left : b.left,
        .top = (a.top > b.top) ? a.top : b.top,
        .right = (a.right < b.right) ? a.right : b.right,
        .bottom = (a.bottom < b.bottom) ? a.bottom : b.bottom,
    };
    return true;
}
