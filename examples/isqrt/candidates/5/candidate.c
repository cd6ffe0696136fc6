// integer square root function for a freestanding WebAssembly program
// using Babylonian method
uint32_t isqrt(uint32_t n) {
    if (n == 0)
        return 0;

    uint32_t i = 1;
    while (true) {
        uint32_t result = i + (n / i);
        if (result < i)
            return i - 1;
        i = result;
    }
}

// testing function
void test_isqrt() {
    assert(isqrt(0) == 0);
    assert(isqrt(24) == 4);
    assert(isqrt(25) == 5);
    assert(isqrt(2) == 1);
    assert(isqrt(3) == 1);
    assert(isqrt(4) == 2);
    assert(isqrt(5) == 2);
    assert(isqrt(6) == 2);
    assert(isqrt(7) == 2);
    assert(isqrt(8) == 2);
    assert(isqrt(9) == 3);
    assert(isqrt(10) == 3);
    assert(isqrt(11) == 3);
    assert(isqrt(12) == 3);
    assert(isqrt(13) == 3);
    assert(isqrt(14) == 3);
    assert(isqrt(15) == 3);
    assert(isqrt(16) == 4);
    assert(isqrt(17) == 4);
    assert(isqrt(18) == 4);
    assert(isqrt(19) == 4);
    assert(isqrt(20) == 4);
    assert(isqrt(21) == 4);
    assert(isqrt(22) == 4);
    assert(isqrt(23) == 4);
    assert(isqrt(24) == 4);
    assert(isqrt(25) == 5);
    assert(isqrt(26) == 5);
    assert(isqrt(27) == 5);
    assert(isqrt(28) == 5);
    assert(isqrt(29) == 5);
    assert(isqrt(30) == 5);
    assert(isqrt(31) == 5);
    assert(isqrt(32) == 5);
    assert(isqrt(33) == 5);
    assert(isqrt(34) == 5);
    assert(isqrt(35) == 5);
    assert(isqrt(36) == 6);
    assert(isqrt(37) == 6);
    assert(isqrt(38) == 6);
    assert(isqrt(39) == 6);
    assert(isqrt(40) == 6);
    assert(isqrt(41) == 6);
    assert(isqrt(42) == 6);
    assert(isqrt(43) == 