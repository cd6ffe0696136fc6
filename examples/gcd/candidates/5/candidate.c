// Define the gcd function for two unsigned integers
uint32_t gcd(uint32_t a, uint32_t b) {
    // Ensure the first argument is greater than or equal to the second
    if (a < b) {
        return gcd(b, a);
    }

    // If the second argument is zero, return the first argument
    if (b == 0) {
        return a;
    }

    // Recursive call with decremented b and the remainder of a divided by b
    return gcd(b, a % b);
}

// Example usage
int main() {
    uint32_t a = 12, b = 18;
    printf("gcd(%u, %u) = %u\n", a, b, gcd(a, b));
    a = 0, b = 5;
    printf("gcd(%u, %u) = %u\n", a, b, gcd(a, b));
    a = 0, b = 0;
    printf("gcd(%u, %u) = %u\n", a, b, gcd(a, b));
    return 0;
}
